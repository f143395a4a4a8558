//! What the writer of a record is known to have known of its case: what stands earlier in the same log, what such a record or this one
//! names, and so on. No clock is asked, so of two offices that did not know of each other neither is called the later one.

use super::By;
use crate::id::RecordHash;
use std::collections::BTreeMap;

/// Office and epoch.
type Log = (u64, u64);

/// A record with its place and what it names.
#[derive(Debug)]
struct Named {
    log: Log,
    index: u64,
    hash: RecordHash,
    names: Vec<RecordHash>,
}

/// The records of a case, while they are gathered.
#[derive(Debug, Default)]
pub(super) struct Gathered(Vec<Named>);

/// The records of a case by place. They name each other by their places in this list: a hostile case has thousands, each of which names dozens.
#[derive(Debug)]
pub(super) struct Knowing {
    records: Vec<Named>,
    names: Vec<Vec<usize>>,
    places: BTreeMap<RecordHash, usize>,
}

impl Gathered {
    pub(super) fn add<T>(&mut self, by: &By<T>, names: impl IntoIterator<Item = RecordHash>) {
        let log = by.origin.office_and_epoch().map_or((u64::MAX, 0), |(code, epoch)| (code.number().into(), epoch.into()));
        self.0.push(Named { log, index: by.index, hash: by.hash, names: names.into_iter().collect() });
    }

    pub(super) fn sorted(self) -> Knowing {
        let mut records = self.0;
        records.sort_unstable_by_key(|by| (by.log, by.index, by.hash));
        let places: BTreeMap<RecordHash, usize> = records.iter().enumerate().map(|(at, by)| (by.hash, at)).collect();
        let names = records.iter().map(|by| by.names.iter().filter_map(|hash| places.get(hash).copied()).collect()).collect();
        Knowing { records, names, places }
    }
}

impl Knowing {
    /// Everything of the case that the writer of a record is known to have known before, without this record.
    ///
    /// Attack: an old epoch stays open for a while, and its stolen key signs what looks earlier than everything in the new one. So a log shows
    /// only what stands before in itself.
    pub(super) fn before(&self, hash: RecordHash) -> impl Iterator<Item = RecordHash> {
        let mut known = vec![false; self.records.len()];
        let mut look: Vec<usize> = self.places.get(&hash).copied().into_iter().collect();
        // Bound: how far each log was looked through already, so that nothing is looked at twice.
        let mut looked: BTreeMap<Log, usize> = BTreeMap::new();
        while let Some(next) = look.pop() {
            let Named { log, index, .. } = self.records[next];
            let begin = || self.records.partition_point(|by| by.log < log);
            let end = self.records.partition_point(|by| (by.log, by.index) < (log, index));
            let from = looked.entry(log).or_insert_with(begin);
            for at in (*from..end).chain(self.names[next].iter().copied()) {
                if !std::mem::replace(&mut known[at], true) {
                    look.push(at);
                }
            }
            *from = end.max(*from);
        }
        known.into_iter().enumerate().filter(|(_, known)| *known).map(|(at, _)| self.records[at].hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Origin;

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
        let mut gathered = Gathered::default();
        // The old key signs on after the office began its new epoch.
        gathered.add(&by(1, 900, 1), []);
        gathered.add(&by(2, 0, 2), []);
        gathered.add(&by(2, 1, 3), []);
        gathered.add(&by(2, 2, 4), [RecordHash([1; 32])]);
        let knowing = gathered.sorted();
        let before = |hash| knowing.before(RecordHash([hash; 32])).map(|hash| hash.0[0]).collect::<Vec<_>>();
        assert_eq!(before(3), [2]);
        assert_eq!(before(4), [1, 2, 3], "what it names it knew");
    }
}
