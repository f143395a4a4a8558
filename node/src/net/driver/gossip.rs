//! Carries gossip: own checkpoints out, those of others to the machine that decides on them, and what they prove to whom it concerns.

use super::{
    Done, Driver,
    behaviour::{key_of, peer_id},
    uptime_ms,
};
use crate::service::Office;
use libp2p::{
    PeerId,
    gossipsub::{self, IdentTopic, MessageAcceptance, MessageAuthenticity, MessageId, PublishError, ValidationMode},
};
use protocol::{
    id::{Origin, PublicKey},
    limits::GOSSIP_BYTES_MAX,
    log::SignedCheckpoint,
    sync::gossip::{Gossip, Verdict},
};
use sha2::{Digest, Sha256};
use std::time::Duration;

/// Checkpoints that are held against the entries here at one time.
const COMPARING_MAX: usize = 16;

/// What is going on about gossip.
#[derive(Debug, Default)]
pub(super) struct Gossiping {
    pub(super) machine: Gossip,
    cut_off: Vec<PublicKey>,
    pub(super) comparing: usize,
}

/// The topic of a federation.
fn topic(office: &Office) -> IdentTopic {
    IdentTopic::new(format!("{}/checkpoints/1", office.members().province().origin().federation()))
}

/// A small mesh: a checkpoint goes to four others, and on from there.
pub(super) fn behaviour(office: &Office) -> Result<gossipsub::Behaviour, String> {
    let config = gossipsub::ConfigBuilder::default()
        .mesh_n(4)
        .mesh_n_low(2)
        .mesh_n_high(8)
        .mesh_outbound_min(1)
        .gossip_lazy(3)
        .flood_publish(false)
        .max_transmit_size(GOSSIP_BYTES_MAX)
        // A note is signed by its log; who was the first to pass it on concerns nobody.
        .validation_mode(ValidationMode::Anonymous)
        .message_id_fn(|message| MessageId::new(&Sha256::digest(&message.data)))
        .validate_messages()
        .duplicate_cache_time(Duration::from_secs(300))
        .build()
        .map_err(|error| error.to_string())?;
    let mut behaviour = gossipsub::Behaviour::new(MessageAuthenticity::Anonymous, config)?;
    behaviour.subscribe(&topic(office)).map_err(|error| error.to_string())?;
    Ok(behaviour)
}

impl Driver {
    pub(super) fn on_gossip(&mut self, event: gossipsub::Event) {
        let gossipsub::Event::Message { propagation_source, message_id, message } = event else { return };
        let Some(key) = key_of(&propagation_source) else { return };
        let now = uptime_ms();
        let heard = self.gossip.machine.hear(now, key, &message.data, &self.office.members());
        let acceptance = match heard.verdict {
            Verdict::Accept => MessageAcceptance::Accept,
            Verdict::Ignore => MessageAcceptance::Ignore,
            Verdict::Reject => MessageAcceptance::Reject,
        };
        // Out of its cache meanwhile: then it goes no further, which anti-entropy makes good.
        let _ = self.swarm.behaviour_mut().gossip.inner.report_message_validation_result(&message_id, &propagation_source, acceptance);
        if self.gossip.machine.is_cut_off(now, key) && !self.gossip.cut_off.contains(&key) {
            tracing::warn!(%key, "a peer passes on checkpoints that do not hold: it is not listened to for an hour");
            self.swarm.behaviour_mut().gossip.inner.blacklist_peer(&propagation_source);
            self.gossip.cut_off.push(key);
        }
        if let Some(proof) = heard.fork {
            // Where there is no room now, the next of the two that comes makes the same proof.
            let _ = self.learn(key, None, vec![proof]);
        }
        if let Some(checkpoint) = heard.checkpoint {
            self.hold_against(checkpoint);
        }
    }

    /// Whoever holds the entries can tell whether the checkpoint is over them.
    fn hold_against(&mut self, checkpoint: SignedCheckpoint) {
        let held = self.office.store.head(checkpoint.origin()).size;
        if checkpoint.size() == 0 || checkpoint.size() > held || self.gossip.comparing >= COMPARING_MAX {
            return;
        }
        self.gossip.comparing += 1;
        let work = move |office: &Office| {
            if let Err(error) = office.prove_fork(&checkpoint, &[]) {
                tracing::warn!(%error, "a fork cannot be proved");
            }
            Done::HeldAgainst
        };
        self.off_reactor(work, || Done::HeldAgainst);
    }

    pub(super) fn publish_checkpoints(&mut self) {
        let now = uptime_ms();
        let topic = topic(&self.office);
        for origin in self.gossip.machine.publish(now, &self.office.newest()) {
            let note = self.office.store.head(&origin).note;
            match self.swarm.behaviour_mut().gossip.inner.publish(topic.clone(), note) {
                Ok(_) | Err(PublishError::Duplicate) => {}
                Err(error) => {
                    tracing::debug!(%error, %origin, "nobody hears of a checkpoint");
                    self.gossip.machine.unheard(&origin);
                }
            }
        }
        let again: Vec<PeerId> = {
            let machine = &self.gossip.machine;
            self.gossip.cut_off.extract_if(.., |key| !machine.is_cut_off(now, *key)).filter_map(peer_id).collect()
        };
        for peer in again {
            self.swarm.behaviour_mut().gossip.inner.remove_blacklisted_peer(&peer);
        }
    }

    /// Offices whose logs are wanted here and longer than anybody connected can give.
    pub(super) fn ahead(&self) -> Vec<PublicKey> {
        let nobody_holds = |origin: &Origin, size| !self.sync.connected().any(|peer| self.sync.held_by(peer, origin) > size);
        let behind = self.office.follow().into_iter().filter(|origin| {
            let size = self.office.store.head(origin).size;
            self.gossip.machine.size(origin) > size && nobody_holds(origin, size)
        });
        let members = self.office.members();
        behind.filter_map(|origin| members.office(origin.office_and_epoch()?.0)).map(|office| office.enrol.key).collect()
    }
}
