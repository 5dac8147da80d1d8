//! The binary as a process of its own: started, killed, stopped.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

/// How long it may take until it says where it answers.
const START: Duration = Duration::from_mins(1);
/// How long it may take to stop: longer than requests in flight are given.
const STOP: Duration = Duration::from_secs(20);

/// What is started.
pub(crate) struct Program {
    pub(crate) binary: PathBuf,
    pub(crate) model: String,
    pub(crate) data_dir: PathBuf,
    /// Gets what it says; both runs of it.
    pub(crate) log: PathBuf,
}

/// A running service; killed when dropped.
pub(crate) struct Server {
    child: Child,
    /// `http://127.0.0.1:PORT`
    pub(crate) base: String,
    /// How long it took to be ready.
    pub(crate) started: Duration,
}

impl Server {
    /// Starts it on a free port and waits until it answers.
    pub(crate) fn start(program: &Program) -> Self {
        let began = Instant::now();
        let mut child = Command::new(&program.binary)
            .args(["serve", "--dev", "--listen", "127.0.0.1:0", "--model", &program.model, "--data-dir"])
            .arg(&program.data_dir)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let stderr = child.stderr.take().expect("piped");
        let mut log =
            fs_err::OpenOptions::new().create(true).append(true).open(&program.log).expect("writable");
        let (found, base) = mpsc::channel();
        // Reads to the end, or the service would one day wait for a full pipe.
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if let Some((_, base)) = line.split_once(" answers on ") {
                    let _ = found.send(base.trim().to_owned());
                }
                let _ = writeln!(log, "{line}");
            }
        });
        let why = match base.recv_timeout(START) {
            Ok(base) => return Self { child, base, started: began.elapsed() },
            Err(RecvTimeoutError::Timeout) => format!("did not start within {START:?}"),
            Err(RecvTimeoutError::Disconnected) => "ended before it answered".to_owned(),
        };
        let _ = child.kill();
        let _ = child.wait();
        let said = fs_err::read_to_string(&program.log).unwrap_or_default();
        panic!("the service {why}; it said:\n{said}");
    }

    /// `kill -9`: no time to tidy up.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("it runs, so it can be killed");
        self.child.wait().expect("it was killed");
    }

    /// Asks it to stop, and expects that it does so in good order.
    pub(crate) fn stop(mut self) {
        let id = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status().expect("there is a `kill`");
        assert!(asked.success(), "the service was gone before it was asked to stop");
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                assert!(status.success(), "stopped with {status}");
                return;
            }
            assert!(began.elapsed() < STOP, "did not stop within {STOP:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
