//! Watches the built web UI, which is embedded. A release without it would silently serve nothing, so that fails here.

fn main() {
    // A watched path that does not exist makes every build a new one. Debug builds read the folder at run time, and a release without
    // it does not come to be, so nothing is missed while it is not there.
    if std::path::Path::new("../web-ui/dist").exists() {
        println!("cargo::rerun-if-changed=../web-ui/dist");
    }
    let release = std::env::var("PROFILE").is_ok_and(|profile| profile == "release");
    // Benchmarks are built in release too, and do not need the pages.
    println!("cargo::rerun-if-env-changed=HUIZHI_WITHOUT_UI");
    let excused = std::env::var_os("HUIZHI_WITHOUT_UI").is_some();
    if release && !excused && !std::path::Path::new("../web-ui/dist/index.html").exists() {
        println!("cargo::error=web-ui/dist is missing: run `cargo xtask setup` first, or set HUIZHI_WITHOUT_UI=1 to build without pages");
    }
}
