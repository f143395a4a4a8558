//! What the writer of a record is known to have known of its case: what stands earlier in the same log, what such a record or this one
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

/// Office, epoch and position.
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

    /// Everything that the writer of a record is known to have known before, without this record.
    ///
    /// Attack: an old epoch stays open for a while, and its stolen key signs what looks earlier than everything in the new one. So a log shows
    /// only what stands before in itself.
    pub(super) fn before(&self, hash: RecordHash) -> BTreeSet<RecordHash> {
        let (mut known, mut look) = (BTreeSet::new(), vec![hash]);
        // Bound: how far each log was looked through already, so that nothing is looked at twice.
        let mut looked: BTreeMap<(u64, u64), u64> = BTreeMap::new();
        while let Some(next) = look.pop() {
            let Some(of) = self.named.get(&next) else { continue };
            let (code, epoch, index) = of.place;
            let from = looked.get(&(code, epoch)).copied().unwrap_or_default();
            let earlier = self.by_place.range((code, epoch, from, RecordHash([0; 32]))..);
            let earlier = earlier.take_while(|(code, epoch, index, _)| (*code, *epoch, *index) < of.place).map(|(.., hash)| *hash);
            for hash in earlier.chain(of.names.iter().copied()) {
                if known.insert(hash) {
                    look.push(hash);
                }
            }
            let so_far = looked.entry((code, epoch)).or_insert(index);
            *so_far = index.max(*so_far);
        }
        known
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s5_what_an_old_epoch_signs_is_not_known_to_have_been_before_the_new_one() {
        let code = "44030001".parse().unwrap();
        let by = |epoch, index, hash| By {
            office: code,
            origin: Origin::office("demo.huizhi", code, epoch).unwrap(),
            index,
            hash: RecordHash([hash; 32]),
            said: (),
        };
        let mut knowing = Knowing::default();
        // The old key signs on after the office began its new epoch.
        knowing.add(&by(1, 900, 1), []);
        knowing.add(&by(2, 0, 2), []);
        knowing.add(&by(2, 1, 3), []);
        knowing.add(&by(2, 2, 4), [RecordHash([1; 32])]);
        let before = |hash| knowing.before(RecordHash([hash; 32])).into_iter().map(|hash| hash.0[0]).collect::<Vec<_>>();
        assert_eq!(before(3), [2]);
        assert_eq!(before(4), [1, 2, 3], "what it names it knew");
    }
}
