//! The other people whom a line of the table names.

use crate::roster::Entry;

/// Bound: people named in one line; a thousand lines that each name a thousand people help nobody.
const MAX_NAMED: usize = 5;

/// Some people in words.
pub(super) struct Others {
    named: Vec<String>,
    more: usize,
}

impl Others {
    /// The first of `entries`, of which there are `count`.
    pub(super) fn of<'a>(entries: impl Iterator<Item = &'a Entry>, count: usize) -> Others {
        let named: Vec<String> = entries.take(MAX_NAMED).map(who).collect();
        Others { more: count.saturating_sub(named.len()), named }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.named.is_empty()
    }

    pub(super) fn zh(&self) -> String {
        let named = self.named.join("、");
        if self.more == 0 { named } else { format!("{named} 等另外 {} 人", self.named.len() + self.more) }
    }

    pub(super) fn en(&self) -> String {
        let named = self.named.join(", ");
        if self.more == 0 { named } else { format!("{named} and {} more", self.more) }
    }
}

/// Name and number, or the file of somebody who has neither.
fn who(entry: &Entry) -> String {
    let words: Vec<&str> = [entry.name.as_str(), entry.id.as_str()].into_iter().filter(|text| !text.is_empty()).collect();
    if words.is_empty() { entry.file.clone() } else { words.join(" ") }
}
