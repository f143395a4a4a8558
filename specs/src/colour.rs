//! Names of background colours, for people who choose one.

use crate::spec::{Name, Rgb};

/// Channels that lie closer together than this are seen as grey; the blue and the red of the documents are far from it.
const GREY_SPREAD: u8 = 12;
/// Darkest channel from which a colour without hue is called white, and from which it is called light.
const WHITE_MIN: u8 = 250;
const LIGHT_MIN: u8 = 180;

/// `#rrggbb` in lower case.
pub fn hex(colour: Rgb) -> String {
    format!("#{}", hex::encode(colour))
}

/// What people call a colour; one that the documents do not use is called by its [`hex`].
///
/// ```
/// assert_eq!(specs::colour_name([255, 255, 255]).en, "white");
/// assert_eq!(specs::colour_name([100, 197, 255]).zh, "浅蓝色");
/// ```
pub fn colour_name(colour: Rgb) -> Name {
    let [r, g, b] = colour;
    let (least, most) = (r.min(g).min(b), r.max(g).max(b));
    let (zh, en) = if most - least < GREY_SPREAD {
        match least {
            WHITE_MIN.. => ("白色", "white"),
            LIGHT_MIN.. => ("浅灰色", "light grey"),
            _ => ("灰色", "grey"),
        }
    } else if b == most && g >= r {
        if g >= LIGHT_MIN { ("浅蓝色", "light blue") } else { ("蓝色", "blue") }
    } else if r == most && most / 2 >= g.max(b) {
        ("红色", "red")
    } else {
        return Name { zh: hex(colour), en: hex(colour) };
    };
    Name { zh: zh.into(), en: en.into() }
}

/// The one of `offered` that a person means by a name or by `rrggbb`; `None` where it is none of them, or could be several.
pub(crate) fn find(offered: &[Rgb], asked: &str) -> Option<Rgb> {
    let asked = asked.trim().to_lowercase().replace(['-', '_'], " ");
    let plain = asked.trim_start_matches('#').trim_end_matches('色');
    if plain.is_empty() {
        return None;
    }
    let the_one = |means: &dyn Fn(Rgb) -> bool| {
        let mut meant = offered.iter().copied().filter(|colour| means(*colour));
        meant.next().filter(|_| meant.next().is_none())
    };
    let names = |colour: Rgb| {
        let name = colour_name(colour);
        [hex(colour).trim_start_matches('#').to_owned(), name.en, name.zh.trim_end_matches('色').to_owned()]
    };
    // Who says blue where the only blue is light means that one.
    the_one(&|colour| names(colour).iter().any(|name| name == plain))
        .or_else(|| the_one(&|colour| names(colour)[1..].iter().any(|name| name.ends_with(plain))))
}
