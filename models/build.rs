//! Embeds the MTCNN weights when they lie in `weights/`, so that one file finds faces on a machine without internet.

use std::path::Path;
use std::{env, fs};

const FILES: [&str; 3] = ["pnet.onnx", "rnet.onnx", "onet.onnx"];

fn main() {
    println!("cargo::rerun-if-changed=weights");
    let root = env::var("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR");
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    let weights = Path::new(&root).join("weights");
    let mut code = String::from("pub(crate) const EMBEDDED: &[(&str, &[u8])] = &[");
    if FILES.iter().all(|name| weights.join(name).is_file()) {
        for name in FILES {
            let path = weights.join(name);
            code += &format!("({name:?}, include_bytes!({path:?})),");
        }
    }
    code += "];\n";
    fs::write(Path::new(&out).join("embedded.rs"), code).expect("OUT_DIR can be written");
}
