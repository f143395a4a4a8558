//! No case is torn, nothing open goes, and nothing stays without a reason.

use super::*;
use proptest::{collection, prelude::*};

fn log(number: u8) -> Origin {
    format!("demo.huizhi/office/440300{number:02}/1").parse().unwrap()
}

fn logs(numbers: &BTreeSet<u8>) -> BTreeSet<Origin> {
    numbers.iter().copied().map(log).collect()
}

/// A case: settled, logs of its submissions, logs of its other records.
type Weighed = (bool, BTreeSet<u8>, BTreeSet<u8>);

fn cases() -> impl Strategy<Value = Vec<Weighed>> {
    let some = |most| collection::btree_set(0_u8..10, 0..most);
    collection::vec((prop::bool::weighted(0.95), collection::btree_set(0_u8..10, 1..3), some(4)), 0..20)
}

fn plan(candidates: &BTreeSet<u8>, cases: &[(usize, &Weighed)]) -> (BTreeSet<Origin>, BTreeMap<Origin, Kept>) {
    let mut plan = Plan::new(logs(candidates));
    for (at, (settled, submissions, others)) in cases {
        let submissions = logs(submissions);
        let records: BTreeSet<Origin> = logs(others).union(&submissions).cloned().collect();
        plan.weigh(CaseId([*at as u8; 16]), *settled, &records, &submissions);
    }
    plan.finish()
}

/// Whether these logs may go together, said as the words say it.
fn may_go(gone: &BTreeSet<Origin>, cases: &[Weighed]) -> bool {
    cases.iter().all(|(settled, submissions, others)| {
        let submissions = logs(submissions);
        let touched = logs(others).union(&submissions).any(|origin| gone.contains(origin));
        !touched || *settled && submissions.is_subset(gone)
    })
}

proptest! {
    #[test]
    fn what_goes_tears_no_case_and_no_larger_set_may_go(candidates in collection::btree_set(0_u8..10, 0..8), cases in cases()) {
        let numbered: Vec<_> = cases.iter().enumerate().collect();
        let (gone, kept) = plan(&candidates, &numbered);
        prop_assert!(may_go(&gone, &cases));
        let all = logs(&candidates);
        prop_assert_eq!(gone.iter().chain(kept.keys()).cloned().collect::<BTreeSet<_>>(), all.clone());
        prop_assert!(gone.iter().all(|origin| !kept.contains_key(origin)));
        // Every set that may go is within it, so it is the largest.
        let all: Vec<Origin> = all.into_iter().collect();
        for chosen in 0_u32..1 << all.len() {
            let set: BTreeSet<Origin> = all.iter().enumerate().filter(|(at, _)| chosen >> at & 1 == 1).map(|(_, log)| log.clone()).collect();
            prop_assert!(!may_go(&set, &cases) || set.is_subset(&gone), "{:?} may go too", set);
        }
    }

    #[test]
    fn the_order_of_cases_does_not_matter(candidates in collection::btree_set(0_u8..10, 0..8), cases in cases()) {
        let mut numbered: Vec<_> = cases.iter().enumerate().collect();
        let (gone, kept) = plan(&candidates, &numbered);
        numbered.reverse();
        let (again, reasons) = plan(&candidates, &numbered);
        prop_assert_eq!(gone, again);
        prop_assert!(kept.keys().eq(reasons.keys()));
    }
}

#[test]
fn who_began_the_year_late_keeps_what_rests_on_it() {
    // The reviewer, 3, wrote on in its old log after the counter, 2, had begun a new one.
    let late: Weighed = (true, BTreeSet::from([2]), BTreeSet::from([3]));
    let early: Weighed = (true, BTreeSet::from([1]), BTreeSet::from([3]));
    let cases = [late, early];
    let numbered: Vec<_> = cases.iter().enumerate().collect();
    let (gone, kept) = plan(&BTreeSet::from([1, 3]), &numbered);
    assert_eq!(gone, BTreeSet::from([log(1)]), "the submission of a case may go, and what rests on it with it or later");
    assert_eq!(kept, BTreeMap::from([(log(3), Kept::RestsOn(CaseId([0; 16]), log(2)))]));
}
