//! From samples to figures. Percentiles are exact: all times are kept and sorted, nearest rank.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::drive::{Outcome, Round, Sample};

/// What was measured, and how it went.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Report {
    #[serde(flatten)]
    pub(crate) setting: Setting,
    /// Sent, whatever became of them.
    pub(crate) requests: usize,
    /// With a status from 200 to 299.
    pub(crate) answered: usize,
    /// From the first request to the last answer.
    pub(crate) seconds: f64,
    /// Answered.
    pub(crate) requests_per_second: f64,
    pub(crate) texts_per_second: f64,
    /// Of the answered.
    pub(crate) latency_ms: Option<Latency>,
    /// Of those refused for lack of room (429, 503).
    pub(crate) refused_ms: Option<Latency>,
    /// By status or what happened, the answered left out.
    pub(crate) errors: BTreeMap<String, usize>,
    /// Share of the requests that were sent more than a millisecond after they were due, for want of a free
    /// connection or of the processor: their waiting counts, so above a few percent it shows in the latencies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) late: Option<f64>,
    #[serde(flatten)]
    pub(crate) process: Option<ProcessReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cold_start_ms: Option<f64>,
}

/// How it was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Setting {
    pub(crate) shape: &'static str,
    pub(crate) url: String,
    pub(crate) connections: usize,
    /// Requests a second that were due; none in a closed loop.
    pub(crate) rate: Option<f64>,
    pub(crate) texts_per_request: usize,
}

/// Milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Latency {
    pub(crate) p50: f64,
    pub(crate) p95: f64,
    pub(crate) p99: f64,
    pub(crate) max: f64,
}

/// What a round cost the service.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cost {
    pub(crate) cpu: Duration,
    /// Answered texts.
    pub(crate) texts: usize,
    /// Bytes at the end.
    pub(crate) resident: u64,
    /// Bytes, since the process began.
    pub(crate) peak: u64,
}

/// The same, as it is told.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct ProcessReport {
    /// None when no text was answered.
    pub(crate) cpu_seconds_per_1000_texts: Option<f64>,
    pub(crate) resident_mb: f64,
    pub(crate) peak_mb: f64,
}

const LATE: Duration = Duration::from_millis(1);

impl Report {
    pub(crate) fn new(setting: Setting, round: &Round, cost: Option<Cost>, cold: Option<Duration>) -> Self {
        let answered = round.answered();
        let seconds = round.wall.as_secs_f64();
        let a_second = |count: usize| if seconds > 0.0 { count as f64 / seconds } else { 0.0 };
        let late = |samples: &[Sample]| {
            let late = samples.iter().filter(|s| s.late > LATE).count();
            late as f64 / samples.len().max(1) as f64
        };
        Self {
            requests: round.samples.len(),
            answered,
            seconds,
            requests_per_second: a_second(answered),
            texts_per_second: a_second(round.answered_texts()),
            latency_ms: latency(round, Outcome::answered),
            refused_ms: latency(round, Outcome::refused),
            errors: errors(round).0,
            late: setting.rate.map(|_| late(&round.samples)),
            process: cost.map(ProcessReport::new),
            cold_start_ms: cold.map(milliseconds),
            setting,
        }
    }
}

impl ProcessReport {
    fn new(cost: Cost) -> Self {
        let each = |texts: usize| 1000.0 * cost.cpu.as_secs_f64() / texts as f64;
        let mb = |bytes: u64| bytes as f64 / 1e6;
        Self {
            cpu_seconds_per_1000_texts: (cost.texts > 0).then(|| each(cost.texts)),
            resident_mb: mb(cost.resident),
            peak_mb: mb(cost.peak),
        }
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn latency(round: &Round, which: fn(Outcome) -> bool) -> Option<Latency> {
    let mut times: Vec<Duration> =
        round.samples.iter().filter(|s| which(s.outcome)).map(|s| s.time).collect();
    times.sort_unstable();
    let at = |percent| percentile(&times, percent).map(milliseconds);
    Some(Latency { p50: at(50)?, p95: at(95)?, p99: at(99)?, max: at(100)? })
}

/// The smallest time that at least so many percent of the sorted times do not exceed.
fn percentile(sorted: &[Duration], percent: usize) -> Option<Duration> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.checked_sub(1)?).copied()
}

/// How often each thing went wrong.
pub(crate) struct Errors(pub(crate) BTreeMap<String, usize>);

/// By status or what happened.
pub(crate) fn errors(round: &Round) -> Errors {
    let mut errors = BTreeMap::new();
    for sample in round.samples.iter().filter(|s| !s.outcome.answered()) {
        let name = match sample.outcome {
            Outcome::Status(status) => status.to_string(),
            Outcome::Broken => "broken connection".to_owned(),
            Outcome::TimedOut => "timed out".to_owned(),
        };
        *errors.entry(name).or_default() += 1;
    }
    Errors(errors)
}

impl fmt::Display for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("none");
        }
        let list: Vec<String> = self.0.iter().map(|(name, count)| format!("{name}: {count}")).collect();
        f.write_str(&list.join(", "))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Setting { shape, url, connections, rate, texts_per_request } = &self.setting;
        let pace = rate.map_or("one after the other on each".to_owned(), |r| format!("{r} requests/s due"));
        writeln!(
            f,
            "{url} ({shape}), {connections} connections, {pace}, {texts_per_request} texts a request"
        )?;
        writeln!(
            f,
            "  answered      {} of {} requests in {:.1} s",
            self.answered, self.requests, self.seconds
        )?;
        writeln!(
            f,
            "  throughput    {:.1} requests/s, {:.1} texts/s",
            self.requests_per_second, self.texts_per_second
        )?;
        for (name, latency) in [("latency", &self.latency_ms), ("refused after", &self.refused_ms)] {
            if let Some(Latency { p50, p95, p99, max }) = latency {
                writeln!(f, "  {name:<13} p50 {p50:.2}, p95 {p95:.2}, p99 {p99:.2}, at most {max:.2} ms")?;
            }
        }
        writeln!(f, "  errors        {}", Errors(self.errors.clone()))?;
        if let Some(late) = self.late {
            writeln!(f, "  sent late     {:.1} % (no connection or no processor was free)", 100.0 * late)?;
        }
        if let Some(process) = &self.process {
            if let Some(cpu) = process.cpu_seconds_per_1000_texts {
                writeln!(f, "  processor     {cpu:.2} s for 1,000 texts")?;
            }
            let ProcessReport { resident_mb, peak_mb, .. } = process;
            writeln!(f, "  memory        {resident_mb:.0} MB resident, {peak_mb:.0} MB at most")?;
        }
        match self.cold_start_ms {
            Some(cold) => writeln!(f, "  cold start    {cold:.0} ms to ready"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(outcome: Outcome, milliseconds: u64) -> Sample {
        let late = Duration::from_millis(u64::from(milliseconds == 7) * 2);
        Sample { outcome, time: Duration::from_millis(milliseconds), late }
    }

    fn setting(rate: Option<f64>) -> Setting {
        Setting {
            shape: "tei",
            url: "http://127.0.0.1:1/predict".to_owned(),
            connections: 3,
            rate,
            texts_per_request: 2,
        }
    }

    fn round(samples: Vec<Sample>) -> Round {
        Round { samples, wall: Duration::from_secs(2), per_request: 2, ..Round::default() }
    }

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let times: Vec<Duration> = (1..=200).map(Duration::from_millis).collect();
        let at = |n: usize, percent| percentile(&times[..n], percent).map(|t| t.as_millis());
        assert_eq!(at(200, 50), Some(100));
        assert_eq!(at(200, 99), Some(198));
        assert_eq!(at(200, 100), Some(200));
        // By the definition: the smallest that is not exceeded by at least this share.
        for n in 1..=200 {
            for percent in 1..=100 {
                let got = usize::try_from(at(n, percent).expect("there are times")).expect("small");
                let within = |rank: usize| rank * 100 >= n * percent;
                assert!(within(got) && (got == 1 || !within(got - 1)), "{percent} % of {n}: {got}");
            }
        }
        assert_eq!(at(0, 50), None);
    }

    #[test]
    fn a_report_counts_each_outcome_where_it_belongs() {
        let mut samples: Vec<Sample> = (1..=10).map(|ms| sample(Outcome::Status(200), ms)).collect();
        samples.extend([
            sample(Outcome::Status(429), 100),
            sample(Outcome::Status(429), 300),
            sample(Outcome::Status(500), 900),
            sample(Outcome::Broken, 900),
        ]);
        let cost = Cost {
            cpu: Duration::from_secs(3),
            texts: round(samples.clone()).answered_texts(),
            resident: 5_000_000,
            peak: 7_000_000,
        };
        let report =
            Report::new(setting(Some(7.0)), &round(samples), Some(cost), Some(Duration::from_secs(1)));
        assert_eq!((report.requests, report.answered), (14, 10));
        assert!((report.requests_per_second - 5.0).abs() < 1e-9, "answered ones only");
        assert!((report.texts_per_second - 10.0).abs() < 1e-9);
        assert_eq!(report.latency_ms, Some(Latency { p50: 5.0, p95: 10.0, p99: 10.0, max: 10.0 }));
        assert_eq!(report.refused_ms.map(|l| (l.p50, l.max)), Some((100.0, 300.0)));
        let errors: Vec<(&str, usize)> = report.errors.iter().map(|(k, v)| (k.as_str(), *v)).collect();
        assert_eq!(errors, [("429", 2), ("500", 1), ("broken connection", 1)]);
        assert_eq!(report.late, Some(1.0 / 14.0), "one was sent 2 ms after it was due");
        let process = report.process.expect("there was one");
        assert_eq!(process.cpu_seconds_per_1000_texts, Some(150.0), "3 s for 20 texts");
        let text = report.to_string();
        for part in ["10 of 14", "5.0 requests/s", "429: 2", "7.1 %", "150.00 s", "7 MB at most", "1000 ms"] {
            assert!(text.contains(part), "{part} is not in:\n{text}");
        }
        let json = serde_json::to_value(&report).expect("numbers and strings");
        assert_eq!((&json["peak_mb"], &json["connections"]), (&7.0.into(), &3.into()));
    }

    #[test]
    fn nothing_answered_is_no_division_by_nothing() {
        let samples = vec![sample(Outcome::TimedOut, 5)];
        let cost = Cost { cpu: Duration::from_secs(1), texts: 0, resident: 1, peak: 1 };
        let report = Report::new(setting(None), &round(samples), Some(cost), None);
        assert_eq!((report.answered, report.latency_ms, report.late), (0, None, None));
        assert_eq!(report.process.and_then(|p| p.cpu_seconds_per_1000_texts), None);
        assert!(report.to_string().contains("timed out: 1"), "{report}");
    }
}
