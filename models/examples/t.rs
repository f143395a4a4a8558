use photo::Vision;
use std::time::Instant;
fn main() {
    let m = models::Models::load(
        std::path::Path::new("models/weights"),
        std::env::var_os("HUIZHI_ONNXRUNTIME").map(std::path::PathBuf::from).as_deref(),
    )
    .unwrap();
    let im = photo::upright::upright(photo::decode::decode(&std::fs::read(std::env::args().nth(1).unwrap()).unwrap()).unwrap()).image;
    for _ in 0..4 {
        let t = Instant::now();
        let (s, _) = im.reduced(1024);
        let a = t.elapsed();
        let f = m.faces(&s).unwrap();
        println!("reduce {a:?} faces {} {:?}", f.len(), t.elapsed() - a);
    }
}
