//! Specs in force: those shipped with the program, replaced by what the province published.

use crate::service::{Kind, Office, Refusal, office::now_ms};
use protocol::{
    id::SpecHash,
    membership::PublishedSpec,
    record::{Record, Roles, SpecPublished},
};
use specs::Spec;
use std::sync::Arc;

/// A spec with where it came from.
#[derive(Debug, Clone)]
pub struct KnownSpec {
    /// The spec.
    pub spec: Arc<Spec>,
    /// When the province signed it; nothing for a shipped one.
    pub published_ms: Option<u64>,
}

impl KnownSpec {
    /// Hash by which records name it.
    pub fn hash(&self) -> SpecHash {
        SpecHash(self.spec.hash())
    }
}

fn shipped(spec: &'static Spec) -> KnownSpec {
    KnownSpec { spec: Arc::new(spec.clone()), published_ms: None }
}

/// Every spec in force, by id.
pub fn in_force(office: &Office) -> Vec<KnownSpec> {
    let mut ids: Vec<String> = specs::shipped().iter().map(|spec| spec.id().to_owned()).collect();
    for published in office.members().specs() {
        if !ids.contains(&published.id) {
            ids.push(published.id.clone());
        }
    }
    ids.iter().filter_map(|id| by_id(office, id)).collect()
}

/// The spec in force for an id. A published one that this version cannot read does not hide the one before it.
pub fn by_id(office: &Office, id: &str) -> Option<KnownSpec> {
    published(office, |known| known.id == id).into_iter().next().or_else(|| specs::find(id).map(shipped))
}

/// The spec with this hash, in force or not.
pub fn by_hash(office: &Office, hash: SpecHash) -> Option<KnownSpec> {
    let shipped = || specs::shipped().iter().find(|spec| spec.hash() == hash.0).map(shipped);
    published(office, |known| known.hash == hash).into_iter().next().or_else(shipped)
}

/// Earlier versions of a spec, newest first.
pub fn history(office: &Office, id: &str) -> Vec<KnownSpec> {
    published(office, |known| known.id == id).into_iter().chain(specs::find(id).map(shipped)).skip(1).collect()
}

fn published(office: &Office, wanted: impl Fn(&PublishedSpec) -> bool) -> Vec<KnownSpec> {
    let members = office.members();
    members
        .specs()
        .iter()
        .rev()
        .filter(|published| wanted(published))
        .filter_map(|published| {
            let spec = Spec::parse(&published.id, &published.text).ok()?;
            Some(KnownSpec { spec: Arc::new(spec), published_ms: Some(published.at_ms) })
        })
        .collect()
}

/// The refusal where a record names a spec that has not arrived.
pub fn not_here_yet() -> Refusal {
    Refusal::state("spec_unknown", "本机没有此照片所用的规格版本，请等待同步。", "the spec of this photo is not here yet")
}

/// The refusal for an id that nobody knows.
pub fn unknown(id: &str) -> Refusal {
    let known: Vec<_> = specs::shipped().iter().map(|spec| spec.id()).collect();
    Refusal::input(
        "spec_unknown",
        "spec_id",
        format!("没有名为“{id}”的证件规格。可用的有：{}。", known.join("、")),
        format!("there is no spec '{id}'; known are: {}", known.join(", ")),
    )
}

/// Reads a text as a spec that may be published.
///
/// # Errors
/// The text is refused, or the version does not lie above the one in force.
pub fn check(office: &Office, text: &str) -> Result<Spec, Refusal> {
    let spec = Spec::parse("spec", text).map_err(|error| {
        Refusal::input(
            "spec_invalid",
            &error.field.clone(),
            format!("规格文件有误，字段 {}：{}", error.field, error.reason),
            format!("the spec is refused: field {}: {}", error.field, error.reason),
        )
    })?;
    if let Some(now) = by_id(office, spec.id())
        && spec.version() <= now.spec.version()
    {
        return Err(Refusal::input(
            "spec_version_not_newer",
            "version",
            format!("版本号必须大于现行的第 {} 版。", now.spec.version()),
            format!("the version must lie above {}, which is in force", now.spec.version()),
        ));
    }
    Ok(spec)
}

/// Signs a spec into the province's log.
///
/// # Errors
/// As for [`check`], or this node is not the province.
pub fn publish(office: &Office, text: &str, operator: u32) -> Result<Spec, Refusal> {
    if !office.is_province() {
        return Err(Refusal::new(
            Kind::Forbidden,
            "not_the_province",
            "只有省级节点可以发布规格。",
            "only the province's node may publish specs",
        ));
    }
    office.require_role(Roles::ADMIN)?;
    let spec = check(office, text)?;
    let supersedes = by_id(office, spec.id()).map(|now| now.hash());
    office.append_province(&Record::SpecPublished(SpecPublished {
        id: spec.id().to_owned(),
        text: text.to_owned(),
        supersedes,
        operator,
        at_ms: now_ms(),
        effective_from_ms: None,
    }))?;
    Ok(spec)
}
