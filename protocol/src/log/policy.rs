//! Trust policies: C2SP tlog-policy (editor's copy of 2026-06). Which logs, which witnesses, and how many of them must have cosigned.
//!
//! ```text
//! log <vkey> [<url>]
//! witness <name> <vkey> [<url>]
//! group <name> all|any|<k> <name>…
//! quorum <name>|none
//! ```
//! Every name is defined on a line before its use and is a member of at most one group, so a witness counts in one way only.

use super::{
    SignedCheckpoint,
    cosignature::WitnessVerifier,
    note::{Note, NoteError, VerifierKey},
};
use crate::{
    id::{Origin, decimal},
    limits::{POLICY_BYTES_MAX, POLICY_NAMES_MAX},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
};

/// Why a policy is malformed, or a checkpoint does not satisfy it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// A line, by its number from one, is not of the format.
    #[error("policy line {0}: {1}")]
    Malformed(usize, &'static str),
    /// The checkpoint does not hold.
    #[error(transparent)]
    Checkpoint(#[from] super::CheckpointError),
    /// The checkpoint's log is not in the policy.
    #[error("the policy does not name the log {0}")]
    UnknownLog(String),
    /// Too few witnesses, or not the right ones.
    #[error("the policy's quorum {quorum} is not reached by the {found} witnesses that cosigned")]
    NoQuorum {
        /// Name of the quorum.
        quorum: String,
        /// Known witnesses whose cosignature holds.
        found: usize,
    },
}

impl From<NoteError> for PolicyError {
    fn from(error: NoteError) -> Self {
        Self::Checkpoint(error.into())
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Group {
    name: String,
    threshold: usize,
    members: Vec<String>,
}

/// A policy that was read and is consistent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    logs: BTreeMap<Origin, VerifierKey>,
    witnesses: BTreeMap<String, WitnessVerifier>,
    /// In the order of their lines, so that members come before their group.
    groups: Vec<Group>,
    quorum: Option<String>,
}

/// A checkpoint that satisfies a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CosignedCheckpoint {
    /// The checkpoint, with all of its lines.
    pub checkpoint: SignedCheckpoint,
    /// Names in the policy of the witnesses that cosigned, with their latest time in seconds since 1970.
    pub witnesses: BTreeMap<String, u64>,
}

impl Policy {
    /// Any of the logs, cosigned by at least `k` of the witnesses. Zero asks for none.
    ///
    /// # Errors
    /// `k` is above their number, or a name or key stands twice.
    pub fn k_of_n(
        logs: impl IntoIterator<Item = VerifierKey>,
        witnesses: impl IntoIterator<Item = WitnessVerifier>,
        k: usize,
    ) -> Result<Self, PolicyError> {
        use fmt::Write;
        let mut text = String::new();
        let mut names = String::new();
        for log in logs {
            _ = writeln!(text, "log {log}");
        }
        for witness in witnesses {
            _ = writeln!(text, "witness {} {witness}", witness.name());
            _ = write!(names, " {}", witness.name());
        }
        if k == 0 {
            text.push_str("quorum none\n");
        } else {
            _ = writeln!(text, "group quorum-group {k}{names}\nquorum quorum-group");
        }
        text.parse()
    }

    /// Its witnesses.
    pub fn witnesses(&self) -> impl Iterator<Item = &WitnessVerifier> {
        self.witnesses.values()
    }

    /// Verifies a checkpoint: signed by a log of the policy, every line of a known witness good, quorum reached.
    ///
    /// # Errors
    /// See [`PolicyError`]. Lines of unknown keys are ignored.
    pub fn verify(&self, note: &str) -> Result<CosignedCheckpoint, PolicyError> {
        let parsed = Note::parse(note)?;
        let claimed = parsed.unverified_text().lines().next().unwrap_or_default();
        let log = claimed.parse().ok().and_then(|origin: Origin| self.logs.get(&origin));
        let log = log.ok_or_else(|| PolicyError::UnknownLog(claimed.chars().take(128).collect()))?;
        let checkpoint = SignedCheckpoint::verify(note, log)?;
        let mut witnesses = BTreeMap::new();
        for (name, witness) in &self.witnesses {
            if let Some(time_s) = witness.cosigned(&parsed)? {
                witnesses.insert(name.clone(), time_s);
            }
        }
        match &self.quorum {
            Some(quorum) if !self.reaches(quorum, &witnesses) => {
                Err(PolicyError::NoQuorum { quorum: quorum.clone(), found: witnesses.len() })
            }
            _ => Ok(CosignedCheckpoint { checkpoint, witnesses }),
        }
    }

    fn reaches(&self, quorum: &str, cosigned: &BTreeMap<String, u64>) -> bool {
        let mut reached: BTreeSet<&str> = cosigned.keys().map(String::as_str).collect();
        for group in &self.groups {
            if group.members.iter().filter(|member| reached.contains(member.as_str())).count() >= group.threshold {
                reached.insert(&group.name);
            }
        }
        reached.contains(quorum)
    }

    fn defines(&self, name: &str) -> bool {
        name == "none" || self.witnesses.contains_key(name) || self.groups.iter().any(|group| group.name == name)
    }

    /// Takes one line's words; what is wrong with them comes back.
    fn take(&mut self, words: &[&str]) -> Result<(), &'static str> {
        if self.logs.len() + self.witnesses.len() + self.groups.len() >= POLICY_NAMES_MAX {
            return Err("too many logs, witnesses and groups");
        }
        match words {
            ["log", key] | ["log", key, _] => {
                let key: VerifierKey = key.parse().map_err(|_| "the log's key is no verifier key of type 0x01")?;
                if self.logs.values().any(|known| known.key() == key.key()) || self.logs.insert(key.origin().clone(), key).is_some() {
                    return Err("the log stands twice");
                }
            }
            ["witness", name, key] | ["witness", name, key, _] => {
                let key: WitnessVerifier = key.parse().map_err(|_| "the witness's key is no verifier key of type 0x04")?;
                if self.defines(name) || self.witnesses.values().any(|known| known.key() == key.key()) {
                    return Err("the witness's name or key stands twice");
                }
                self.witnesses.insert((*name).to_owned(), key);
            }
            ["group", name, rule, members @ ..] => {
                if self.defines(name) {
                    return Err("the group's name stands twice");
                }
                for (at, member) in members.iter().enumerate() {
                    let taken = self.groups.iter().any(|group| group.members.iter().any(|known| known == member));
                    if *member == "none" || !self.defines(member) || taken || members[..at].contains(member) {
                        return Err("a member is not defined before, or is a member already");
                    }
                }
                let threshold = match *rule {
                    "all" => members.len(),
                    "any" => 1,
                    k => decimal(k).and_then(|k| usize::try_from(k).ok()).ok_or("a group takes all, any or a number")?,
                };
                if !(1..=members.len()).contains(&threshold) {
                    return Err("a group asks for no member, or for more than it has");
                }
                let members = members.iter().map(|member| (*member).to_owned()).collect();
                self.groups.push(Group { name: (*name).to_owned(), threshold, members });
            }
            _ => return Err("a line begins with log, witness, group or quorum"),
        }
        Ok(())
    }
}

impl FromStr for Policy {
    type Err = PolicyError;
    fn from_str(text: &str) -> Result<Self, PolicyError> {
        if text.len() > POLICY_BYTES_MAX {
            return Err(PolicyError::Malformed(0, "too long"));
        }
        if text.bytes().any(|byte| byte < 0x20 && byte != b'\n' && byte != b'\t' || byte == 0x7f) {
            return Err(PolicyError::Malformed(0, "control character"));
        }
        let mut policy = Self { logs: BTreeMap::new(), witnesses: BTreeMap::new(), groups: Vec::new(), quorum: None };
        let mut quorums = 0;
        for (number, line) in (1..).zip(text.split('\n')) {
            let words: Vec<&str> = line.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
            match &words[..] {
                [] => {}
                [first, ..] if first.starts_with('#') => {}
                ["quorum", name] => {
                    quorums += 1;
                    if !policy.defines(name) {
                        return Err(PolicyError::Malformed(number, "the quorum is not defined before"));
                    }
                    policy.quorum = (*name != "none").then(|| (*name).to_owned());
                }
                words => policy.take(words).map_err(|reason| PolicyError::Malformed(number, reason))?,
            }
        }
        if quorums == 1 { Ok(policy) } else { Err(PolicyError::Malformed(0, "a policy has exactly one quorum line")) }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.logs.values().try_for_each(|log| writeln!(f, "log {log}"))?;
        self.witnesses.iter().try_for_each(|(name, witness)| writeln!(f, "witness {name} {witness}"))?;
        for group in &self.groups {
            writeln!(f, "group {} {} {}", group.name, group.threshold, group.members.join(" "))?;
        }
        writeln!(f, "quorum {}", self.quorum.as_deref().unwrap_or("none"))
    }
}

#[cfg(test)]
mod tests;
