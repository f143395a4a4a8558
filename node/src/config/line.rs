//! Caps of the line as written in `[network]`, and as the machine reckons with them.

use super::NetworkSection;
use protocol::sync::line::{Caps, Quiet};
use serde::{Deserialize, Serialize};

/// `[network.quiet]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuietSection {
    /// Time of day at which the hours begin, `HH:MM` in China.
    pub from: String,
    /// Time of day at which they end; before `from` where midnight lies in between.
    pub to: String,
    /// Cap within them; nothing for the cap of the other hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload_kib_per_s: Option<u32>,
    /// The same for what comes in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub download_kib_per_s: Option<u32>,
}

/// A cap that cannot be meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// Nothing would ever go.
    #[error("{0}: 0 would stop all photos; leave it out for no cap")]
    Nothing(&'static str),
    /// Not a time of day.
    #[error("{0}: {1:?} is no time of day such as 08:30")]
    NoTime(&'static str, String),
    /// No hours.
    #[error("network.quiet: from and to are the same; leave the section out for no quiet hours")]
    NoHours,
    /// The quiet hours change nothing.
    #[error("network.quiet: neither cap is given, so that nothing is quieter")]
    NoCaps,
    /// Quiet hours that are louder.
    #[error("{0}: more than in the other hours")]
    Louder(&'static str),
}

impl NetworkSection {
    /// The caps, checked.
    ///
    /// # Errors
    /// They cannot be meant.
    pub fn line(&self) -> Result<(Caps, Option<Quiet>), LineError> {
        let caps = Caps {
            upload: bytes("network.upload_kib_per_s", self.upload_kib_per_s)?,
            download: bytes("network.download_kib_per_s", self.download_kib_per_s)?,
        };
        let Some(section) = &self.quiet else { return Ok((caps, None)) };
        let from = minute("network.quiet.from", &section.from)?;
        let to = minute("network.quiet.to", &section.to)?;
        let upload = bytes("network.quiet.upload_kib_per_s", section.upload_kib_per_s)?;
        let download = bytes("network.quiet.download_kib_per_s", section.download_kib_per_s)?;
        let louder = |quiet: Option<u64>, cap: Option<u64>| quiet.zip(cap).is_some_and(|(quiet, cap)| quiet > cap);
        match () {
            () if from == to => Err(LineError::NoHours),
            () if upload.is_none() && download.is_none() => Err(LineError::NoCaps),
            () if louder(upload, caps.upload) => Err(LineError::Louder("network.quiet.upload_kib_per_s")),
            () if louder(download, caps.download) => Err(LineError::Louder("network.quiet.download_kib_per_s")),
            () => {
                let within = Caps { upload: upload.or(caps.upload), download: download.or(caps.download) };
                Ok((caps, Some(Quiet { from, to, caps: within })))
            }
        }
    }
}

fn bytes(field: &'static str, kib: Option<u32>) -> Result<Option<u64>, LineError> {
    match kib {
        Some(0) => Err(LineError::Nothing(field)),
        kib => Ok(kib.map(|kib| u64::from(kib) << 10)),
    }
}

fn minute(field: &'static str, text: &str) -> Result<u16, LineError> {
    let two = |digits: &str, below: u16| {
        let number = (digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_digit())).then(|| digits.parse::<u16>().ok())??;
        (number < below).then_some(number)
    };
    let time = text.split_once(':').and_then(|(hour, minute)| Some(60 * two(hour, 24)? + two(minute, 60)?));
    time.ok_or_else(|| LineError::NoTime(field, text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Result<(Caps, Option<Quiet>), LineError> {
        toml::from_str::<NetworkSection>(text).unwrap().line()
    }

    #[test]
    fn caps_and_quiet_hours_are_read() {
        assert_eq!(line(""), Ok((Caps::default(), None)));
        let text = "upload_kib_per_s = 100\n[quiet]\nfrom = \"22:30\"\nto = \"06:00\"\ndownload_kib_per_s = 8";
        let caps = Caps { upload: Some(102_400), download: None };
        let within = Caps { upload: Some(102_400), download: Some(8_192) };
        assert_eq!(line(text), Ok((caps, Some(Quiet { from: 1_350, to: 360, caps: within }))));
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_the_field() {
        let quiet = |from: &str, to: &str, rest: &str| format!("[quiet]\nfrom = \"{from}\"\nto = \"{to}\"\n{rest}");
        let cap = "upload_kib_per_s = 9";
        for (text, word) in [
            ("upload_kib_per_s = 0".into(), "network.upload_kib_per_s"),
            ("download_kib_per_s = 0".into(), "network.download_kib_per_s"),
            (quiet("08:00", "18:00", "upload_kib_per_s = 0"), "network.quiet.upload_kib_per_s"),
            (quiet("08:00", "18:00", "download_kib_per_s = 0"), "network.quiet.download_kib_per_s"),
            (quiet("8:00", "18:00", cap), "network.quiet.from"),
            (quiet("24:00", "18:00", cap), "network.quiet.from"),
            (quiet("08:00", "18:60", cap), "network.quiet.to"),
            (quiet("08:00", "1800", cap), "network.quiet.to"),
            (quiet("08:00", "+1:00", cap), "network.quiet.to"),
            (quiet("08:00", "08:00", cap), "the same"),
            (quiet("08:00", "18:00", ""), "neither cap"),
            (format!("upload_kib_per_s = 8\n{}", quiet("08:00", "18:00", cap)), "network.quiet.upload_kib_per_s"),
            (format!("download_kib_per_s = 8\n{}", quiet("08:00", "18:00", "download_kib_per_s = 9")), "network.quiet.download_kib_per_s"),
        ] {
            let error = line(&text).unwrap_err().to_string();
            assert!(error.contains(word), "{text}: {error}");
        }
    }
}
