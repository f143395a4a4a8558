//! Another key takes over as the province: what to do when the province's key was stolen or lost (hard case 25).
//!
//! When a federation is founded it names successor keys, which people keep on paper or sticks and on no machine. In the incident:
//!
//! 1. On the machine that is to be the province: [`propose`]. It makes a key and writes what the successors are to sign: how much of the
//!    old province's log is still believed, as that machine holds it, and the new key.
//! 2. Enough successors sign it ([`protocol::log::Succession::add_signature`]).
//! 3. There again: [`install`]. It takes the key in use and issues anew, in the new log, what is still believed of the old one.
//! 4. The `federation.json` that comes of it goes to every office, which verifies it with the successor keys that it was given when it
//!    joined ([`crate::enrolment::Federation::follow`]) and from then on believes the new log only.
//!
//! A crash between any two steps is mended by doing the same step again.

use crate::{
    config::{self, Config},
    enrolment::Federation,
    runtime,
    service::{Office, keys::Keys},
    store::replace_file,
};
use anyhow::{Context, Result, bail};
use libp2p::Multiaddr;
use protocol::{
    id::Origin,
    log::{LogPoint, Succession, VerifierKey},
};
use std::path::Path;

/// Makes the key of the next province in a data directory and gives the text for the successors to sign. `upto` is how many entries of
/// the old province's log are still believed; without it all that are here.
///
/// # Errors
/// The federation named no successors, so much of the log is not here, or the disk refuses.
pub fn propose(dir: &Path, upto: Option<u64>) -> Result<String> {
    let federation = runtime::federation(dir)?;
    federation.successors()?;
    let current = federation.verifier()?;
    let office = runtime::open_office(dir, &Config::load(dir)?)?;
    let last = office.point_held(current.origin(), upto)?;
    let epoch = current.origin().province_epoch().context("the province's log has no epoch")?;
    let key = Keys::prepare_province(&dir.join("keys"))?.public();
    let next = VerifierKey::new(Origin::province(current.origin().federation(), epoch + 1)?, key);
    Ok(Succession { last, next }.to_string())
}

/// Makes a node the province by a succession that enough successors signed; `announce` are the addresses under which others reach it.
/// Gives the file for the other offices.
///
/// # Errors
/// The succession does not hold, the key is not the one that [`propose`] made here, or the disk refuses.
pub fn install(dir: &Path, note: &str, announce: &[Multiaddr]) -> Result<Federation> {
    let own = runtime::federation(dir)?;
    let said = Succession::claimed(note)?;
    let keys = dir.join("keys");
    let handed = if own.successions.iter().any(|known| known == note) {
        // Begun before.
        own.clone()
    } else {
        let peer = crate::net::peer_id(Keys::open(&keys)?.office.public()).context("the office key is no network identity")?;
        let announced = announce
            .iter()
            .map(|address| address.clone().with_p2p(peer).map_err(|address| anyhow::anyhow!("{address} names another peer")));
        let mut peers = announced.collect::<Result<Vec<_>>>()?;
        peers.extend(own.peers.clone());
        let successions = own.successions.iter().cloned().chain([note.to_owned()]).collect();
        own.follow(&Federation { province: said.next.to_string(), peers, successors: None, successions })?
    };
    Keys::install_province(&keys, &said.next)?;
    replace_file(&dir.join(config::FEDERATION), serde_json::to_string_pretty(&handed)?.as_bytes())?;
    let office = runtime::open_office(dir, &Config::load(dir)?)?;
    reissue(&office, &said.last)?;
    Ok(handed)
}

/// Takes over the file that the new province hands out.
///
/// # Errors
/// It does not follow from what this node was given when it joined.
pub fn accept(dir: &Path, handed: &Federation) -> Result<Federation> {
    let own = runtime::federation(dir)?;
    let followed = own.follow(handed)?;
    // Opened first: a node that runs would go on with the old key.
    drop(runtime::open_office(dir, &Config::load(dir)?)?);
    replace_file(&dir.join(config::FEDERATION), serde_json::to_string_pretty(&followed)?.as_bytes())?;
    Ok(followed)
}

/// Signs what is still believed of the old log into the new one, in one step.
fn reissue(office: &Office, last: &LogPoint) -> Result<()> {
    let origin = office.members().province().origin().clone();
    if office.store.head(&origin).size > 0 {
        return Ok(());
    }
    if office.point_held(&last.origin, Some(last.size))? != *last {
        bail!("the first {} entries of {} that are here are not those that the successors named", last.size, last.origin);
    }
    let mut records = Vec::new();
    for index in 0..last.size {
        let entry = office.store.entry(&last.origin, index)?.with_context(|| format!("entry {index} of {} is missing", last.origin))?;
        // What was no valid record counted for nothing there either.
        records.extend(entry.verify().ok().map(|entry| entry.record.record().clone()));
    }
    office.append_all_to_province(&records)?;
    Ok(())
}
