//! Model weights and one test photo, taken out of pinned Python wheels and checked against pinned hashes.
//!
//! `models/weights/sources.txt` lists them: `package==version  path-in-wheel  file  sha256`, one per line.
//! Nothing of a wheel is executed; it is opened as the zip file that it is.

use std::fs;
use std::path::{Path, PathBuf};

use super::Missing;
use crate::shell::{Shell, check};
use crate::stamp::{self, Fingerprint, sorted};

const LIST: &str = "models/weights/sources.txt";
const STILL_WORKS: &str = "everything, but the staff marks eyes, chin and crown by hand";

/// Arguments: wheel, path in the wheel, target file, SHA-256. Writes beside the target first, so that a target is whole.
const EXTRACT: &str = "\
import hashlib, os, sys, zipfile
wheel, member, target, expected = sys.argv[1:]
data = zipfile.ZipFile(wheel).read(member)
found = hashlib.sha256(data).hexdigest()
if found != expected:
    sys.exit(f'{member}: SHA-256 is {found}, not {expected}')
with open(target + '.part', 'wb') as file:
    file.write(data)
os.replace(target + '.part', target)
";

#[derive(Debug, PartialEq, Eq)]
struct Source {
    requirement: String,
    member: String,
    file: String,
    sha256: String,
}

/// Fetches what is not here yet.
pub(super) fn fetch(shell: &Shell) -> Result<(), Vec<Missing>> {
    let missing = |what: String| Missing {
        what,
        still_works: STILL_WORKS,
        by_hand: format!("put the files listed in {LIST} into models/weights/ (each line names wheel, path in it, file)"),
    };
    let list = fs::read_to_string(shell.path(LIST)).map_err(|error| vec![missing(format!("{LIST}: {error}"))])?;
    let sources = parse(&list).map_err(|error| vec![missing(format!("{LIST}: {error}"))])?;
    if stamp::is_current(shell, "weights", &fingerprint(shell, &list, &sources)) {
        println!("model weights: as listed");
        return Ok(());
    }
    println!("model weights: fetching");
    let failures: Vec<Missing> =
        sources.iter().filter_map(|source| extract(shell, source).err().map(|why| missing(format!("{} ({why})", source.file)))).collect();
    if !failures.is_empty() {
        return Err(failures);
    }
    stamp::set(shell, "weights", &fingerprint(shell, &list, &sources));
    Ok(())
}

/// The list and the size of every file: a removed or cut file is fetched again without hashing all of them at each run.
fn fingerprint(shell: &Shell, list: &str, sources: &[Source]) -> Fingerprint {
    let mut fingerprint = Fingerprint::new();
    fingerprint.bytes(list.as_bytes());
    for source in sources {
        let size = fs::metadata(target(shell, source)).map_or(0, |metadata| metadata.len());
        fingerprint.bytes(&size.to_le_bytes());
    }
    fingerprint
}

fn target(shell: &Shell, source: &Source) -> PathBuf {
    shell.path("models/weights").join(&source.file)
}

fn extract(shell: &Shell, source: &Source) -> Result<(), String> {
    let wheels = shell.target("wheels");
    if find_wheel(&wheels, &source.requirement).is_none() {
        let mut pip = shell.command("python3");
        pip.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check"])
            .args(["--no-deps", "--only-binary", ":all:", "--dest"])
            .arg(&wheels)
            .arg(&source.requirement);
        check(&mut pip)?;
    }
    let wheel = find_wheel(&wheels, &source.requirement).ok_or("pip brought no wheel of that name")?;
    let mut python = shell.command("python3");
    python.args(["-c", EXTRACT]).arg(wheel).arg(&source.member);
    python.arg(target(shell, source)).arg(&source.sha256);
    check(&mut python).map_err(|_| "it could not be taken out of the wheel, or its hash differs".to_owned())
}

fn find_wheel(dir: &Path, requirement: &str) -> Option<PathBuf> {
    sorted(dir).into_iter().find(|path| path.file_name().is_some_and(|name| is_wheel_of(&name.to_string_lossy(), requirement)))
}

/// Wheel names write runs of `-`, `_` and `.` in the package's name as one `_`.
fn is_wheel_of(file: &str, requirement: &str) -> bool {
    let Some((name, version)) = requirement.split_once("==") else {
        return false;
    };
    let plain = |text: &str| text.to_lowercase().replace(['-', '.'], "_");
    let mut parts = file.splitn(3, '-');
    file.ends_with(".whl") && parts.next().is_some_and(|part| plain(part) == plain(name)) && parts.next() == Some(version)
}

fn parse(list: &str) -> Result<Vec<Source>, String> {
    let lines = list.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    lines.filter(|line| !line.is_empty()).map(parse_line).collect()
}

fn parse_line(line: &str) -> Result<Source, String> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let [requirement, member, file, sha256] = fields[..] else {
        return Err(format!("`{line}` has not four fields"));
    };
    let plain_name = file.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
    if !requirement.contains("==") || !plain_name || file.starts_with('.') {
        return Err(format!("`{line}` needs package==version and a plain file name"));
    }
    if sha256.len() != 64 || !sha256.chars().all(|c| c.is_ascii_hexdigit()) {
        return Err(format!("`{sha256}` is no SHA-256"));
    }
    Ok(Source { requirement: requirement.to_owned(), member: member.to_owned(), file: file.to_owned(), sha256: sha256.to_lowercase() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_and_odd_lines_are_refused() {
        let hash = "ab".repeat(32);
        let list = format!("# weights\n\nmtcnn-runtime==1.0.0 mtcnn/pnet.onnx pnet.onnx {hash} # note\n");
        let sources = parse(&list).expect("a good list");
        assert_eq!(sources.len(), 1);
        assert_eq!(sources[0].file, "pnet.onnx");
        assert!(parse("a==1 b").is_err());
        assert!(parse(&format!("a b c {hash}")).is_err());
        assert!(parse(&format!("a==1 b ../c {hash}")).is_err());
        assert!(parse("a==1 b c abcd").is_err());
    }

    #[test]
    fn wheels_are_recognised_by_their_normal_name() {
        assert!(is_wheel_of("scikit_image-0.25.2-cp311-cp311-manylinux.whl", "scikit-image==0.25.2"));
        assert!(is_wheel_of("mtcnn_runtime-1.0.0-py3-none-any.whl", "mtcnn-runtime==1.0.0"));
        assert!(!is_wheel_of("mtcnn_runtime-1.0.1-py3-none-any.whl", "mtcnn-runtime==1.0.0"));
        assert!(!is_wheel_of("mtcnn-1.0.0-py3-none-any.whl", "mtcnn-runtime==1.0.0"));
        assert!(!is_wheel_of("mtcnn_runtime-1.0.0.tar.gz", "mtcnn-runtime==1.0.0"));
    }
}
