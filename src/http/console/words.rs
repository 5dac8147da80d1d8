//! Plain words for what is stored as names and numbers. Calm ones: they describe, they do not alarm.

use time::OffsetDateTime;
use time::macros::format_description;

use crate::domain::policy::Band;
use crate::domain::report::ReportReason;
use crate::domain::review::{Decision, Reason};
use crate::domain::taxonomy::{Category, Context};

/// A probability in words. The steps are for reading, and are no thresholds.
pub(super) fn likelihood(score: f32) -> &'static str {
    match score {
        s if s < 0.05 => "very unlikely",
        s if s < 0.25 => "unlikely",
        s if s < 0.5 => "possible",
        s if s < 0.8 => "likely",
        _ => "very likely",
    }
}

/// A probability in per cent, rounded; never `100 %` for what is not certain.
pub(super) fn percent(score: f32) -> String {
    match score * 100.0 {
        p if p < 1.0 => "under 1 %".to_owned(),
        p if p > 99.0 => "over 99 %".to_owned(),
        p => format!("{p:.0} %"),
    }
}

pub(super) const fn band(band: Band) -> &'static str {
    match band {
        Band::Urgent => "Please look soon",
        Band::Review => "For review",
        Band::None => "Not flagged",
    }
}

pub(super) const fn category(category: Category) -> &'static str {
    match category {
        Category::Support => "Support of violent extremism",
        Category::Recruitment => "Recruitment",
        Category::Incitement => "Incitement",
        Category::Threat => "Threat",
        Category::Hate => "Hate",
        Category::Toxicity => "Rude or abusive",
    }
}

/// What the model takes the text to be doing; `None` when it has nothing to advise.
pub(super) const fn context(context: Context) -> Option<&'static str> {
    match context {
        Context::Reporting => Some("news, history or documentation"),
        Context::CounterSpeech => Some("an answer back to hate or extremism"),
        Context::ReligiousOrPolitical => Some("scripture, devotion or political speech"),
        Context::None => None,
    }
}

/// What a reporter took it for.
pub(super) const fn reported(reason: ReportReason) -> &'static str {
    match reason {
        ReportReason::Category(c) => category(c),
        ReportReason::Other => "something else",
    }
}

pub(super) const fn decided(decision: Decision) -> &'static str {
    match decision {
        Decision::Confirm => "confirmed",
        Decision::Dismiss => "dismissed",
        Decision::Escalate => "escalated",
    }
}

pub(super) const fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::ViolatesPolicy(c) => category(c),
        Reason::NewsOrReporting => "News or reporting",
        Reason::CounterSpeech => "Counter-speech",
        Reason::ReligiousOrPolitical => "Religious or political speech",
        Reason::EducationOrResearch => "Education or research",
        Reason::SatireOrFiction => "Satire or fiction",
        Reason::NotExtremist => "Nothing extremist in it",
        Reason::NeedsSenior => "I would like somebody senior to decide",
        Reason::Other => "Another reason (please write a note)",
    }
}

/// `2026-11-23 21:33 UTC`.
pub(super) fn moment(at: OffsetDateTime) -> String {
    at.format(format_description!("[year]-[month]-[day] [hour]:[minute] UTC")).unwrap_or_default()
}

/// How much longer, roughly.
pub(super) fn left(now: OffsetDateTime, until: OffsetDateTime) -> String {
    match (until - now).whole_minutes() {
        ..1 => "less than a minute".to_owned(),
        1 => "1 minute".to_owned(),
        minutes => format!("{minutes} minutes"),
    }
}

/// How long ago, roughly.
pub(super) fn age(now: OffsetDateTime, at: OffsetDateTime) -> String {
    let minutes = (now - at).whole_minutes();
    let plural = |n: i64, unit: &str| format!("{n} {unit}{} ago", if n == 1 { "" } else { "s" });
    match minutes {
        ..1 => "just now".to_owned(),
        1..60 => plural(minutes, "minute"),
        60..1440 => plural(minutes / 60, "hour"),
        _ => plural(minutes / 1440, "day"),
    }
}

/// The BCP 47 tag for `lang` attributes, and the name, of an ISO 639-3 code.
pub(super) fn language(code: &'static str) -> (&'static str, &'static str) {
    const LANGUAGES: [(&str, &str, &str); 24] = [
        ("ara", "ar", "Arabic"),
        ("ben", "bn", "Bengali"),
        ("ces", "cs", "Czech"),
        ("cmn", "zh", "Chinese"),
        ("deu", "de", "German"),
        ("ell", "el", "Greek"),
        ("eng", "en", "English"),
        ("fra", "fr", "French"),
        ("heb", "he", "Hebrew"),
        ("hin", "hi", "Hindi"),
        ("ind", "id", "Indonesian"),
        ("ita", "it", "Italian"),
        ("jpn", "ja", "Japanese"),
        ("kor", "ko", "Korean"),
        ("nld", "nl", "Dutch"),
        ("pes", "fa", "Persian"),
        ("pol", "pl", "Polish"),
        ("por", "pt", "Portuguese"),
        ("rus", "ru", "Russian"),
        ("spa", "es", "Spanish"),
        ("swe", "sv", "Swedish"),
        ("tur", "tr", "Turkish"),
        ("ukr", "uk", "Ukrainian"),
        ("urd", "ur", "Urdu"),
    ];
    match LANGUAGES.iter().find(|(iso, ..)| *iso == code) {
        Some((_, tag, name)) => (tag, name),
        None if code == "und" => ("und", "not known"),
        None => (code, code),
    }
}

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;

    #[test]
    fn ages_and_percentages_read_well() {
        let now = OffsetDateTime::UNIX_EPOCH;
        let ages = [0, 1, 59, 60, 2880].map(|m| age(now, now - Duration::minutes(m)));
        assert_eq!(ages, ["just now", "1 minute ago", "59 minutes ago", "1 hour ago", "2 days ago"]);
        assert_eq!([0.001, 0.424, 0.999].map(percent), ["under 1 %", "42 %", "over 99 %"]);
        let left = [0, 1, 29].map(|m| left(now, now + Duration::minutes(m)));
        assert_eq!(left, ["less than a minute", "1 minute", "29 minutes"]);
        assert_eq!(moment(now), "1970-01-01 00:00 UTC");
    }
}
