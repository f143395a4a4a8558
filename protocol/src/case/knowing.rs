//! What the writer of a record is known to have known of its case: what stands earlier in its office's logs, what such a record or this one
//! names, and so on. No clock is asked, so of two offices that did not know of each other neither is called the later one.

use super::By;
use crate::id::{Origin, RecordHash};
use std::collections::{BTreeMap, BTreeSet};

/// The records of a case by place, with what each of them names.
#[derive(Debug, Default)]
pub(super) struct Knowing {
    by_place: BTreeSet<(u64, u64, u64, RecordHash)>,
    named: BTreeMap<RecordHash, Known>,
}

#[derive(Debug)]
struct Known {
    place: (u64, u64, u64),
    names: Vec<RecordHash>,
}

/// Office, epoch and position: an office writes its epochs one after the other.
fn place(origin: &Origin, index: u64) -> (u64, u64, u64) {
    let (code, epoch) = origin.office_and_epoch().map_or((u64::MAX, 0), |(code, epoch)| (code.number().into(), epoch.into()));
    (code, epoch, index)
}

impl Knowing {
    pub(super) fn add<T>(&mut self, by: &By<T>, names: impl IntoIterator<Item = RecordHash>) {
        let at = place(&by.origin, by.index);
        self.by_place.insert((at.0, at.1, at.2, by.hash));
        self.named.insert(by.hash, Known { place: at, names: names.into_iter().collect() });
    }

    /// Everything that whoever wrote a record is known to have known before, this record not among it.
    pub(super) fn before(&self, hash: RecordHash) -> BTreeSet<RecordHash> {
        let (mut known, mut look) = (BTreeSet::new(), vec![hash]);
        // Bound: how far back each office's logs were looked through already, so that nothing is looked at twice.
        let mut looked: BTreeMap<u64, (u64, u64, u64)> = BTreeMap::new();
        while let Some(next) = look.pop() {
            let Some(of) = self.named.get(&next) else { continue };
            let from = looked.get(&of.place.0).copied().unwrap_or((of.place.0, 0, 0));
            let earlier = self.by_place.range((from.0, from.1, from.2, RecordHash([0; 32]))..);
            let earlier = earlier.take_while(|(code, epoch, index, _)| (*code, *epoch, *index) < of.place).map(|(.., hash)| *hash);
            for hash in earlier.chain(of.names.iter().copied()) {
                if known.insert(hash) {
                    look.push(hash);
                }
            }
            let so_far = looked.entry(of.place.0).or_insert(of.place);
            *so_far = of.place.max(*so_far);
        }
        known
    }
}
