//! Writes the data directory of a small office by the program of today, as a zip file: `cargo run -p node --example store_of_release FILE`.
//!
//! Run once for every release and commit the file under `node/tests/stores`; every later version must open it. Keys are drawn for it and
//! serve nothing else, and nobody in it exists.
#![allow(clippy::print_stdout, reason = "it says what it wrote")]

use anyhow::{Context, Result};
use node::{
    enrolment,
    service::{
        Office,
        intake::{self, Draft, NewDraft},
        keys::Keys,
        payload::Applicant,
        photos::PhotoResult,
        review::{self, Decision},
        staff,
    },
};
use protocol::{
    id::Origin,
    log::VerifierKey,
    record::{Record, Roles, Verdict},
};
use std::{
    fs::File,
    io::{Seek, Write},
    path::Path,
};
use zip::{ZipWriter, write::SimpleFileOptions};

fn main() -> Result<()> {
    let file = std::env::args().nth(1).context("give the file to write")?;
    let kept = tempfile::tempdir()?;
    fill(kept.path())?;
    let mut zip = ZipWriter::new(File::create(&file)?);
    add(&mut zip, kept.path(), "")?;
    zip.finish()?;
    println!("{file}: {} bytes", std::fs::metadata(&file)?.len());
    Ok(())
}

/// One office that is its own province: a receipt, a case that waits, a draft, a member of staff, a record of a kind that is not known yet.
fn fill(dir: &Path) -> Result<()> {
    let keys = Keys::create(&dir.join("keys"), true)?;
    let code = "44030001".parse()?;
    let trust = VerifierKey::new(Origin::province("fixture.huizhi", 1)?, keys.province.context("made for a province")?.public());
    std::fs::write(dir.join("province.vkey"), trust.to_string())?;
    let office = Office::open(dir, code, &trust)?;
    let roles = Roles::CAPTURE.with(Roles::REVIEW).with(Roles::ADMIN).with(Roles::DOCUMENT);
    office.enrol(enrolment::enrol_self(&office.keys, code, "fixture", roles))?;
    staff::add(&office, "staff", "Staff", "staff-password", &[staff::StaffRole::Counter])?;
    let draft = begin(&office)?;
    let case = intake::submit(&office, draft.case()?, 1, None)?;
    let decision = Decision { verdict: Verdict::Approve, submission: case.current.hash, reasons: vec![] };
    let case = review::decide(&office, case.id, decision, 2)?;
    std::fs::write(dir.join("receipt"), &case.receipts.first().context("it was approved")?.said.number)?;
    intake::submit(&office, begin(&office)?.case()?, 1, None)?;
    begin(&office)?;
    let later = Record::Unknown { kind: "of_a_later_version".into(), body: vec![0xa1, 0x00, 0x01] };
    office.append(|_, signer| Ok(vec![signer.sign(&later)?]))?;
    while !office.settle(256)? {}
    Ok(())
}

/// A draft with a photo that is none.
fn begin(office: &Office) -> Result<Draft> {
    let applicant = Applicant { name: "张伟".into(), id_number: "11010519491231002X".into() };
    let new = NewDraft {
        spec_id: "cn-id-card".into(),
        applicant: Some(applicant),
        consent: Some(node::service::consent::Statement::current().hash().to_string()),
        case: None,
        operator: 1,
    };
    let draft = intake::begin(office, new, |_| Ok(()))?;
    let photo = office.store.blobs.put(b"no photo")?.to_string();
    let result = PhotoResult {
        hash: photo.clone(),
        width_px: 358,
        height_px: 441,
        dpi: 350,
        bytes: 8,
        quality: 90,
        original_px: (1, 1),
        operations: vec![],
        located_by: "marks".into(),
        marks: [(0.0, 0.0); 4],
        checks: vec![],
        plate: None,
    };
    let draft = Draft { original: Some(photo), result: Some(result), ..draft };
    office.store.put_draft(draft.case()?, &draft)?;
    Ok(draft)
}

fn add(zip: &mut ZipWriter<impl Write + Seek>, dir: &Path, within: &str) -> Result<()> {
    let mut paths: Vec<_> = std::fs::read_dir(dir)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    paths.sort();
    for path in paths {
        let name = format!("{within}{}", path.file_name().and_then(|name| name.to_str()).context("a name is text")?);
        if path.is_dir() {
            add(zip, &path, &format!("{name}/"))?;
        } else {
            zip.start_file(name, SimpleFileOptions::default())?;
            std::io::copy(&mut File::open(&path)?, zip)?;
        }
    }
    Ok(())
}
