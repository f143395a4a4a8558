//! Which logs an office holds, and whom it asks about the others: rules over the membership alone, so that every node can tell what another
//! one holds.
//!
//! What an office needs: the province's log, its own, those of offices that have a say in its cases, and those that it is a witness of.
//! Every other log is somebody else's to hold; a receipt in it is asked for ([`crate::receipt::Evidence`]). So is a log that the province
//! retired: the province, archives and whoever was told to hold everything keep it. For all others, its own office too, what stands in it
//! counts no longer from that moment on: whether they still have it, never had it or had a part of it makes no difference, so no case is
//! folded from half of its records.

use crate::{
    id::{OfficeCode, Origin, PublicKey},
    limits::COSIGNATURES_MAX,
    membership::{Grant, Membership, Office},
    record::Roles,
};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Up to this many offices every node holds every log, where its configuration says nothing else: a city's offices write about 20 MB a day
/// together, and any one machine that is left gives everything back.
pub const ALL_UP_TO_OFFICES: usize = 64;
/// Offices that are witnesses of a log by lot. An export asks for half of what a note collects; two may be away.
pub const WITNESSES_BY_LOT: usize = COSIGNATURES_MAX / 2 + 2;

/// Which logs a node wants to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Every log.
    All,
    /// What its office needs.
    Needed,
}

/// What a node was told to follow.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Follow {
    /// Absent: all logs of a federation of up to [`ALL_UP_TO_OFFICES`], of a larger one what is needed.
    pub scope: Option<Scope>,
    /// Offices whose logs are held as well.
    pub also: BTreeSet<OfficeCode>,
}

impl Follow {
    /// The logs that the office `me` holds, most urgent first: the province's, its own, all others.
    pub fn logs(&self, members: &Membership, me: OfficeCode) -> Vec<Origin> {
        let mine = |origin: &Origin| origin.office_and_epoch().is_some_and(|(code, _)| code == me);
        let everything = self.keeps_everything(members, me);
        let kept = |origin: &&Origin| everything || !members.is_retired(origin);
        let followed: Vec<&Origin> = match self.scope(members) {
            Scope::All => members.logs().filter(kept).collect(),
            Scope::Needed => {
                let office = members.office(me);
                let lots = office.filter(|office| office.enrol.witness.is_some()).map(|_| Lots::draw(members));
                let needed = |origin: &Origin| {
                    let also = origin.office_and_epoch().is_some_and(|(code, _)| self.also.contains(&code));
                    also || needs(members, me, origin, || lots.as_ref().is_some_and(|lots| lots.falls_on(me, origin)))
                };
                members.logs().filter(kept).filter(|origin| needed(origin)).collect()
            }
        };
        let province = members.province().origin();
        let (own, others): (Vec<_>, Vec<_>) = followed.into_iter().filter(|origin| *origin != province).partition(|origin| mine(origin));
        [province].into_iter().chain(own).chain(others).cloned().collect()
    }

    /// Whether logs are left out, so that records about a case may stand where this node does not look.
    pub fn leaves_out(&self, members: &Membership, me: OfficeCode) -> bool {
        self.logs(members, me).len() < members.logs().count()
    }

    /// Whether the office keeps logs that were retired, and counts what stands in them.
    pub fn keeps_everything(&self, members: &Membership, me: OfficeCode) -> bool {
        let keeps = |roles: Roles| roles.contains(Roles::ADMIN) || roles.contains(Roles::ARCHIVE);
        self.scope == Some(Scope::All) || members.office(me).is_some_and(|office| keeps(office.enrol.roles))
    }

    fn scope(&self, members: &Membership) -> Scope {
        self.scope.unwrap_or(if members.offices().count() <= ALL_UP_TO_OFFICES { Scope::All } else { Scope::Needed })
    }
}

/// Logs that each of these offices need not hold, where its own configuration says nothing. What it holds beside that is its own affair.
pub fn left_out(members: &Membership, offices: &BTreeSet<OfficeCode>) -> BTreeMap<OfficeCode, Vec<Origin>> {
    let follow = Follow::default();
    let needed_only = follow.scope(members) == Scope::Needed;
    let lots = needed_only.then(|| Lots::draw(members));
    let mut left: BTreeMap<OfficeCode, Vec<Origin>> = offices.iter().map(|code| (*code, Vec::new())).collect();
    for origin in members.logs() {
        let witnesses = lots.as_ref().map(|lots| lots.witnesses(origin)).unwrap_or_default();
        for (code, left) in &mut left {
            let retired = || members.is_retired(origin) && !follow.keeps_everything(members, *code);
            if needed_only && !needs(members, *code, origin, || witnesses.contains(code)) || retired() {
                left.push(origin.clone());
            }
        }
    }
    left
}

/// Whether an office that does not hold everything needs a log; `by_lot` says whether it is a witness of it.
fn needs(members: &Membership, me: OfficeCode, origin: &Origin, by_lot: impl FnOnce() -> bool) -> bool {
    let other = origin.office_and_epoch().and_then(|(code, _)| members.office(code));
    // What is no office's is the province's.
    other.is_none_or(|other| other.enrol.code == me || members.office(me).is_some_and(|office| has_part(office, other)) || by_lot())
}

/// Whether two offices may write about the same case, or one of them keeps everything.
fn has_part(me: &Office, other: &Office) -> bool {
    let (mine, theirs) = (me.grant(), other.roles_ever());
    let i = |role| mine.roles().contains(role);
    let they = |role| theirs.contains(role);
    // What they wrote under a role or in a region that they do not hold any more counts on.
    let now = other.grant();
    let they_may = |what: &dyn Fn(&Grant) -> bool| what(&now) || other.grants_ever().any(what);
    i(Roles::ADMIN)
        || i(Roles::ARCHIVE)
        || they(Roles::CAPTURE) && mine.may_decide(other.enrol.code)
        || i(Roles::CAPTURE) && they_may(&|grant| grant.may_decide(me.enrol.code))
        // Two that may decide on one case: a contradiction must be seen.
        || they_may(&|grant| grant.may_decide_with(&mine))
        // A receipt for single use is used at one of them, and nobody else may use it.
        || (i(Roles::DOCUMENT) || i(Roles::REVIEW)) && they(Roles::DOCUMENT)
}

/// Who is witness of which log: drawn by hashes that nobody chooses, so every log has its witnesses and every office as many logs as others.
struct Lots(Vec<(OfficeCode, u64)>);

impl Lots {
    fn draw(members: &Membership) -> Self {
        let able = members.offices().filter(|office| office.is_active() && office.enrol.witness.is_some());
        Self(able.map(|office| (office.enrol.code, number(office.enrol.code.to_string().as_bytes()))).collect())
    }

    /// All witnesses of a log by lot.
    fn witnesses(&self, origin: &Origin) -> BTreeSet<OfficeCode> {
        let log = number(origin.as_str().as_bytes());
        let owner = origin.office_and_epoch().map(|(code, _)| code);
        let others = self.0.iter().filter(|(code, _)| Some(*code) != owner);
        let mut lots: Vec<(u64, OfficeCode)> = others.map(|(code, office)| (mix(log ^ office), *code)).collect();
        lots.sort_unstable();
        lots.into_iter().take(WITNESSES_BY_LOT).map(|(_, code)| code).collect()
    }

    fn falls_on(&self, me: OfficeCode, origin: &Origin) -> bool {
        let log = number(origin.as_str().as_bytes());
        let lot = |(code, office): &(OfficeCode, u64)| (mix(log ^ office), *code);
        let Some(mine) = self.0.iter().find(|(code, _)| *code == me).map(lot) else { return false };
        let owner = origin.office_and_epoch().map(|(code, _)| code);
        self.0.iter().filter(|office| Some(office.0) != owner && lot(office) < mine).take(WITNESSES_BY_LOT).count() < WITNESSES_BY_LOT
    }
}

pub(super) fn number(text: &[u8]) -> u64 {
    let hash: [u8; 32] = Sha256::digest(text).into();
    hash.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Spreads a number over all 64 bits (SplitMix64); a million pairs are compared in a large federation, too many to hash each.
pub(super) fn mix(number: u64) -> u64 {
    let number = (number ^ number >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ number >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ number >> 31
}

/// Which of the connected offices to ask about a receipt, best first: who issued it, those that hold every log or the uses of receipts, the
/// others; among equals by lot, so that not all ask the same ones.
pub fn whom_to_ask(members: &Membership, issuer: OfficeCode, connected: impl IntoIterator<Item = PublicKey>, lot: u64) -> Vec<PublicKey> {
    let mut peers: Vec<_> = connected
        .into_iter()
        .filter_map(|key| {
            let office = members.office_of(key)?;
            let knows =
                [Roles::ADMIN, Roles::ARCHIVE, Roles::REVIEW, Roles::DOCUMENT].into_iter().any(|role| office.enrol.roles.contains(role));
            Some((office.enrol.code != issuer, !knows, mix(lot ^ number(&key.0)), key))
        })
        .collect();
    peers.sort_unstable();
    peers.into_iter().map(|(.., key)| key).collect()
}

#[cfg(test)]
mod tests;
