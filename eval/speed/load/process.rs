//! The service's process: its processor time and memory as Linux tells them, and starting it to see how long it takes.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use super::target::Target;

/// How long a service may take until it is ready.
const START: Duration = Duration::from_mins(2);
/// How long it may take to stop before it is killed.
const STOP: Duration = Duration::from_secs(15);
/// Between two questions whether it is ready.
const PAUSE: Duration = Duration::from_millis(2);
/// What `/proc` counts processor time in; Linux has told programs 100 a second on every machine for decades.
const TICKS_PER_SECOND: u64 = 100;

/// A process that is watched; when it was started here it is stopped when this is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    pid: u32,
    child: Option<Child>,
}

/// What it has used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Usage {
    /// All threads, in user and kernel mode, to 10 ms.
    pub(crate) cpu: Duration,
    /// Bytes in memory now.
    pub(crate) resident: u64,
    /// The most there ever were.
    pub(crate) peak: u64,
}

impl Process {
    /// # Errors
    /// When there is no such process, or no `/proc`.
    pub(crate) fn running(pid: u32) -> anyhow::Result<Self> {
        let process = Self { pid, child: None };
        process.usage()?;
        Ok(process)
    }

    /// Starts a command line and waits until `ready` of the target answers 200; gives how long that took.
    ///
    /// # Errors
    /// When it cannot be started, ends, or is not ready in two minutes.
    pub(crate) fn start(
        command: &str,
        target: &Target,
        ready: &str,
        log: Option<&Path>,
    ) -> anyhow::Result<(Self, Duration)> {
        let output = || match log {
            None => Ok(Stdio::null()),
            Some(path) => {
                let file = fs_err::OpenOptions::new().create(true).append(true).open(path)?;
                Ok::<_, std::io::Error>(Stdio::from(std::fs::File::from(file)))
            }
        };
        if is_ready(target, ready) {
            bail!("something answers on {} already; stop it, or give its --pid", target.authority);
        }
        let began = Instant::now();
        // `exec`: what is measured is the program, not a shell around it.
        let child = Command::new("sh")
            .args(["-c", &format!("exec {command}")])
            .stdin(Stdio::null())
            .stdout(output()?)
            .stderr(output()?)
            .spawn()
            .context("cannot start the service")?;
        let mut process = Self { pid: child.id(), child: Some(child) };
        while !is_ready(target, ready) {
            if let Some(status) = process.child.as_mut().and_then(|c| c.try_wait().ok().flatten()) {
                bail!("the service ended with {status} before it was ready; --log FILE keeps what it says");
            }
            if began.elapsed() > START {
                bail!("the service was not ready within {START:?}: {ready} did not answer 200");
            }
            std::thread::sleep(PAUSE);
        }
        Ok((process, began.elapsed()))
    }

    /// # Errors
    /// When the process has ended.
    pub(crate) fn usage(&self) -> anyhow::Result<Usage> {
        let read = |name: &str| {
            fs_err::read_to_string(format!("/proc/{}/{name}", self.pid)).context("the service is gone")
        };
        usage(&read("stat")?, &read("status")?).context("/proc is not written as expected")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let Some(child) = &mut self.child else { return };
        if !matches!(child.try_wait(), Ok(None)) {
            return;
        }
        let _ = Command::new("kill").args(["-TERM", &self.pid.to_string()]).status();
        let began = Instant::now();
        while began.elapsed() < STOP {
            if !matches!(child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = child.kill();
        let _ = child.wait();
    }
}

fn is_ready(target: &Target, path: &str) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect_timeout(&target.address, Duration::from_secs(1))?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        write!(stream, "GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", target.authority)?;
        let mut start = [0; 12];
        stream.read_exact(&mut start)?;
        Ok(start.starts_with(b"HTTP/1.") && start.ends_with(b" 200"))
    };
    ask().unwrap_or(false)
}

/// From `/proc/PID/stat` and `/proc/PID/status`.
fn usage(stat: &str, status: &str) -> Option<Usage> {
    // The name in brackets may hold anything; fields are counted behind it. utime and stime are the 14th and 15th.
    let fields: Vec<&str> = stat.get(stat.rfind(')')? + 1..)?.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at - 3)?.parse::<u64>().ok();
    let kilobytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<u64>().ok().map(|kb| kb * 1024)
    };
    Some(Usage {
        cpu: Duration::from_millis((ticks(14)? + ticks(15)?) * 1000 / TICKS_PER_SECOND),
        resident: kilobytes("VmRSS:")?,
        peak: kilobytes("VmHWM:")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_linux_says_is_read() {
        let stat = "42 (a (b) c) S 1 42 42 0 -1 4194560 99 0 0 0 150 25 0 0 20 0 5 0 1234 1 1";
        let status = "Name:\ta\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n";
        let read = usage(stat, status).expect("as Linux writes it");
        assert_eq!(read.cpu, Duration::from_millis(1750));
        assert_eq!((read.resident, read.peak), (1 << 20, 2 << 20));
        assert!(usage("", status).is_none() && usage(stat, "").is_none());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_has_used_something() {
        let process = Process::running(std::process::id()).expect("it runs");
        let usage = process.usage().expect("told");
        assert!(usage.resident > 0 && usage.peak >= usage.resident / 2);
    }
}
