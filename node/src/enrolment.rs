//! How an office asks to be enrolled, and the root of trust that it is given.
//!
//! The request is the office's own enrolment record without roles, signed with the key that it asks for: proof that it holds the key.

use crate::service::{Refusal, keys::Keys, office::now_ms};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use libp2p::Multiaddr;
use protocol::{
    id::{OfficeCode, Origin},
    log::{NoteError, Succession, SuccessionError, Successors, VerifierKey},
    record::{Enrol, Record, Roles, Rotate, Signed, Verified},
};
use serde::{Deserialize, Serialize};

const PREFIX: &str = "HUIZHI-ENROL1";
const ROTATION: &str = "HUIZHI-ROTATE1";

/// `federation.json`: what a node must be given to trust the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Federation {
    /// Verifier key of the province's log, in the C2SP `vkey` form.
    pub province: String,
    /// Addresses to begin with, each ending in `/p2p/<peer id>`.
    pub peers: Vec<Multiaddr>,
    /// Who may name another key for the province. Taken over when the node joins, and from nobody after that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub successors: Option<PinnedSuccessors>,
    /// How the province came from the founder's key to this one, oldest first: signed notes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub successions: Vec<String>,
}

/// Why an address is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0} cannot work: {1}. Give a name or number and a port, for example /dns4/huizhi.example/tcp/8700 or /ip4/203.0.113.5/udp/8700/quic-v1"
)]
pub struct AddressError(Multiaddr, &'static str);

/// Refuses an address under which nobody reaches a node.
///
/// # Errors
/// It names no host, every host, or no port of a transport that nodes speak.
pub fn check_address(address: &Multiaddr) -> Result<(), AddressError> {
    use libp2p::multiaddr::Protocol;
    let wrong = |why| Err(AddressError(address.clone(), why));
    let mut parts = address.iter();
    match parts.next() {
        Some(Protocol::Ip4(host)) if host.is_unspecified() => {
            return wrong("it stands for every address of a machine, and is none to dial");
        }
        Some(Protocol::Ip6(host)) if host.is_unspecified() => {
            return wrong("it stands for every address of a machine, and is none to dial");
        }
        Some(Protocol::Ip4(_) | Protocol::Ip6(_) | Protocol::Dns(_) | Protocol::Dns4(_) | Protocol::Dns6(_)) => {}
        _ => return wrong("it does not begin with a host"),
    }
    match (parts.next(), parts.next()) {
        (Some(Protocol::Tcp(0) | Protocol::Udp(0)), _) => wrong("port 0 is none"),
        (Some(Protocol::Tcp(_)), None | Some(Protocol::P2p(_))) | (Some(Protocol::Udp(_)), Some(Protocol::QuicV1)) => Ok(()),
        (Some(Protocol::Udp(_)), _) => wrong("over UDP nodes speak /quic-v1 only"),
        _ => wrong("it names no port"),
    }
}

/// Successor keys as `federation.json` names them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PinnedSuccessors {
    /// How many of them must agree.
    pub threshold: usize,
    /// Their verifier keys.
    pub keys: Vec<String>,
}

/// Why a file of another province is not followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotFollowed {
    /// Nobody may name another key.
    #[error("this federation named no successor keys, so nobody can name another key for the province")]
    NoSuccessors,
    /// A succession does not hold, or the successor keys are malformed.
    #[error(transparent)]
    Succession(#[from] SuccessionError),
    /// The file's province is not where the successions lead.
    #[error("no signed succession leads from the province known here to {0}")]
    NotReached(String),
    /// A key is malformed.
    #[error(transparent)]
    Key(#[from] NoteError),
}

impl Federation {
    /// The province's key.
    ///
    /// # Errors
    /// It is malformed.
    pub fn verifier(&self) -> Result<VerifierKey, NoteError> {
        self.province.parse()
    }

    /// The successors that this node pinned.
    ///
    /// # Errors
    /// There are none, or they are malformed.
    pub fn successors(&self) -> Result<Successors, NotFollowed> {
        let pinned = self.successors.as_ref().ok_or(NotFollowed::NoSuccessors)?;
        let keys = pinned.keys.iter().map(|key| key.parse()).collect::<Result<Vec<_>, SuccessionError>>()?;
        Ok(Successors::new(pinned.threshold, keys)?)
    }

    /// What this node believes after it was handed a file of another province: the successions in it must lead from the province that is
    /// believed here to that one, each signed by enough of the successors that were pinned here.
    ///
    /// # Errors
    /// See [`NotFollowed`].
    pub fn follow(&self, handed: &Self) -> Result<Self, NotFollowed> {
        let successors = self.successors()?;
        let mut current = self.verifier()?;
        for note in &handed.successions {
            if Succession::claimed(note)?.last.origin == *current.origin() {
                current = Succession::verify(note, &successors, &current)?.next;
            }
        }
        if handed.verifier()? != current {
            return Err(NotFollowed::NotReached(handed.province.clone()));
        }
        Ok(Self {
            province: current.to_string(),
            peers: handed.peers.clone(),
            successors: self.successors.clone(),
            successions: handed.successions.clone(),
        })
    }
}

/// This node's own enrolment, with roles.
pub fn enrol_self(keys: &Keys, code: OfficeCode, name: &str, roles: Roles) -> Enrol {
    Enrol {
        code,
        name: name.into(),
        key: keys.office.public(),
        recipient: keys.recipient.to_public().to_string(),
        roles,
        epoch: keys.epoch,
        at_ms: now_ms(),
        witness: Some(keys.witness()),
        region: None,
        roles_from: None,
        documents: None,
    }
}

/// The text that the office hands to the province.
///
/// # Errors
/// The name is too long for a record.
pub fn write_request(keys: &Keys, origin: &Origin, name: &str) -> Result<String, Refusal> {
    let (code, _) = origin.office_and_epoch().ok_or_else(|| Refusal::fault("the log has no office code"))?;
    let enrol = enrol_self(keys, code, name, Roles::default());
    let signed = Signed::sign(origin, &keys.office, &Record::Enrol(enrol)).map_err(Refusal::fault)?;
    Ok(format!("{PREFIX}:{origin}:{}", URL_SAFE_NO_PAD.encode(signed.bytes())))
}

/// The rotation with which an office asks for a new epoch of its log, signed with the new key.
///
/// # Errors
/// It does not fit a record.
pub fn sign_rotation(keys: &Keys, origin: &Origin) -> Result<Verified, Refusal> {
    let (code, epoch) = origin.office_and_epoch().ok_or_else(|| Refusal::fault("the log has no office code"))?;
    let rotate = Rotate {
        code,
        key: keys.office.public(),
        witness: Some(keys.witness()),
        recipient: keys.recipient.to_public().to_string(),
        epoch,
        closes: None,
        operator: 0,
        at_ms: now_ms(),
    };
    Signed::sign(origin, &keys.office, &Record::Rotate(rotate)).map_err(Refusal::fault)
}

/// Such a rotation as a text for an office that has no line.
pub fn rotation_text(origin: &Origin, rotation: &Verified) -> String {
    format!("{ROTATION}:{origin}:{}", URL_SAFE_NO_PAD.encode(rotation.bytes()))
}

/// Reads a request for a new epoch.
///
/// # Errors
/// It is no request, or not signed by the key that it asks for.
pub fn read_rotation(text: &str) -> Result<Rotate, Refusal> {
    let refused = || {
        Refusal::input(
            "request_malformed",
            "request",
            "换钥申请无效或不完整，请重新完整复制（以 HUIZHI-ROTATE1 开头）。",
            "the request for a new epoch is incomplete or damaged: copy it again, from HUIZHI-ROTATE1 on",
        )
    };
    let (origin, entry) = parts(text, ROTATION).ok_or_else(refused)?;
    Rotate::requested(&entry, &origin).ok_or_else(refused)
}

/// The log and the entry of a text.
fn parts(text: &str, prefix: &str) -> Option<(Origin, Vec<u8>)> {
    let mut parts = text.trim().splitn(3, ':');
    (parts.next() == Some(prefix)).then_some(())?;
    let origin = parts.next()?.parse().ok()?;
    Some((origin, URL_SAFE_NO_PAD.decode(parts.next()?).ok()?))
}

/// The record of a text, when its signature holds.
fn signed(text: &str, prefix: &str) -> Option<(Origin, Verified)> {
    let (origin, entry) = parts(text, prefix)?;
    let verified = Signed::parse(&entry).and_then(|signed| signed.verify(&origin)).ok()?;
    Some((origin, verified))
}

/// Reads a request and grants roles.
///
/// # Errors
/// It is no request, or not signed by the key that it asks for.
pub fn read_request(text: &str, roles: Roles) -> Result<Enrol, Refusal> {
    let refused = || {
        Refusal::input(
            "request_malformed",
            "request",
            "登记申请无效或不完整，请重新完整复制（以 HUIZHI-ENROL1 开头）。",
            "the enrolment request is incomplete or damaged: copy it again, from HUIZHI-ENROL1 on",
        )
    };
    let (origin, verified) = signed(text, PREFIX).ok_or_else(refused)?;
    match verified.record() {
        Record::Enrol(enrol) if enrol.key == verified.author() && origin.office_and_epoch() == Some((enrol.code, enrol.epoch)) => {
            // Attack: what the province decides is not for the office to write into its own request.
            Ok(Enrol { roles, region: None, documents: None, roles_from: None, at_ms: now_ms(), ..enrol.clone() })
        }
        _ => Err(refused()),
    }
}
