//! `--class person`, `--class car:never`: what to look for.

use image_intelligence::{Class, Verify};

pub(crate) fn parse(text: &str) -> Result<Class, String> {
    let (name, verify) = match text.rsplit_once(':') {
        None => (text, Verify::Auto),
        Some((name, word)) => {
            let verify = match word.to_ascii_lowercase().as_str() {
                "never" => Verify::Never,
                "auto" => Verify::Auto,
                "always" => Verify::Always,
                _ => return Err(format!("\"{word}\" is not one of never, auto, always; as in --class car:never")),
            };
            (name, verify)
        }
    };
    if name.trim().is_empty() {
        return Err("no name of a class; as in --class person".to_owned());
    }
    Ok(Class::new(name.trim()).verify(verify))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_suffixes() {
        assert_eq!(parse("dining table"), Ok(Class::new("dining table")));
        assert_eq!(parse("car:never"), Ok(Class::new("car").verify(Verify::Never)));
        assert_eq!(parse("car:ALWAYS"), Ok(Class::new("car").verify(Verify::Always)));
        assert!(parse("car:nevr").unwrap_err().contains("never, auto, always"));
        assert!(parse(":never").is_err());
        assert!(parse(" ").is_err());
    }
}
