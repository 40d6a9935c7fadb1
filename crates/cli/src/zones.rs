//! `--zone`: where not to look, as rectangles or as rows of a grid, for one class or for all.

use std::str::FromStr;

use image_intelligence::{Class, ExclusionZones};

use crate::failure::Failure;

const FORM: &str = "a zone is LEFT,TOP,RIGHT,BOTTOM as fractions of the picture (0,0,0.5,1), or rows of a square grid \
                    (01/00), for one class with CLASS= before it";

/// One `--zone`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ZoneArg {
    class: Option<String>,
    zone: Zone,
}

#[derive(Debug, Clone, PartialEq)]
enum Zone {
    Rectangle { left: f64, top: f64, right: f64, bottom: f64 },
    Grid(ExclusionZones),
}

impl FromStr for ZoneArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (class, zone) = match text.rsplit_once('=') {
            Some((class, zone)) => (Some(class.trim().to_owned()), zone),
            None => (None, text),
        };
        let zone = if zone.contains(',') { rectangle(zone)? } else { grid(zone)? };
        Ok(Self { class, zone })
    }
}

fn rectangle(text: &str) -> Result<Zone, String> {
    let numbers: Vec<f64> = text.split(',').filter_map(|number| number.trim().parse().ok()).collect();
    let [left, top, right, bottom] = numbers[..] else { return Err(FORM.to_owned()) };
    if text.split(',').count() != 4 {
        return Err(FORM.to_owned());
    }
    if numbers.iter().any(|number| !(0.0..=1.0).contains(number)) {
        return Err(format!("{text}: each number is a fraction of the picture, 0 to 1"));
    }
    if left >= right || top >= bottom {
        return Err(format!("{text}: empty; the order is left, top, right, bottom"));
    }
    Ok(Zone::Rectangle { left, top, right, bottom })
}

fn grid(text: &str) -> Result<Zone, String> {
    let rows: Vec<Vec<u8>> = text
        .split('/')
        .map(|row| {
            let cells = row.chars().map(|cell| match cell {
                '0' => Ok(0),
                '1' => Ok(1),
                _ => Err(FORM.to_owned()),
            });
            cells.collect()
        })
        .collect::<Result<_, _>>()?;
    let size = rows.len();
    if size > ExclusionZones::DEFAULT_SIZE as usize {
        return Err(format!("{size} rows; a grid has at most {}", ExclusionZones::DEFAULT_SIZE));
    }
    if let Some(row) = rows.iter().find(|row| row.len() != size) {
        return Err(format!("a row of {} cells in a grid of {size} rows; it must be square", row.len()));
    }
    Ok(Zone::Grid(ExclusionZones::grid(rows)))
}

impl Zone {
    fn excludes(&self, x: f64, y: f64) -> bool {
        match self {
            Self::Rectangle { left, top, right, bottom } => {
                (left..=right).contains(&&x) && (top..=bottom).contains(&&y)
            }
            Self::Grid(grid) => grid.excludes(x, y),
        }
    }
}

/// Gives each class its zones. Fails where a zone names a class that is not asked for: a typing error, and without the
/// zone the job would find what it should not.
pub(crate) fn apply(classes: Vec<Class>, zones: &[ZoneArg]) -> Result<Vec<Class>, Failure> {
    for zone in zones {
        if let Some(name) = &zone.class
            && !classes.iter().any(|class| class.class == *name)
        {
            let asked: Vec<_> = classes.iter().map(|class| class.class.as_str()).collect();
            return Err(Failure::invalid(format!(
                "--zone: \"{name}\" is not a class that is asked for ({})",
                asked.join(", ")
            )));
        }
    }
    let with_zones = |class: Class| {
        let applies = |zone: &&ZoneArg| zone.class.as_ref().is_none_or(|name| *name == class.class);
        let own: Vec<&Zone> = zones.iter().filter(applies).map(|zone| &zone.zone).collect();
        match own[..] {
            [] => class,
            [Zone::Grid(grid)] => class.exclusion_zones(grid.clone()),
            _ => class.exclusion_zones(sum(&own)),
        }
    };
    Ok(classes.into_iter().map(with_zones).collect())
}

/// One grid for several zones: a cell is left out where its centre lies in one of them.
fn sum(zones: &[&Zone]) -> ExclusionZones {
    let cells = ExclusionZones::DEFAULT_SIZE;
    let centre = |cell: u32| (f64::from(cell) + 0.5) / f64::from(cells);
    let row = |y: u32| {
        let cell = |x: u32| u8::from(zones.iter().any(|zone| zone.excludes(centre(x), centre(y))));
        (0..cells).map(cell).collect()
    };
    ExclusionZones::grid((0..cells).map(row).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zones(texts: &[&str]) -> Vec<ZoneArg> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn what_is_no_zone_is_refused() {
        for wrong in [
            "",
            "person=",
            "0,0,1",
            "0,0,1,1,1",
            "0,0,x,1,1",
            "0.5,0,0.5,1",
            "0,0,2,1",
            "0,0,NaN,1",
            "01/0",
            "012",
            "a",
        ] {
            assert!(wrong.parse::<ZoneArg>().is_err(), "{wrong}");
        }
        assert!("01/00".parse::<ZoneArg>().is_ok());
    }

    #[test]
    fn a_grid_goes_as_it_is() {
        let classes = apply(vec!["person".into(), "car".into()], &zones(&["person=01/00"])).unwrap();
        assert_eq!(classes[0].exclusion_zones, Some(ExclusionZones::grid(vec![vec![0, 1], vec![0, 0]])));
        assert_eq!(classes[1].exclusion_zones, None);
    }

    #[test]
    fn zones_add_up() {
        let classes = apply(vec!["person".into()], &zones(&["0,0,0.5,1", "person=0001/0000/0000/0000"])).unwrap();
        let zones = classes[0].exclusion_zones.as_ref().unwrap();
        assert!(zones.excludes(0.2, 0.9) && zones.excludes(0.9, 0.1));
        assert!(!zones.excludes(0.6, 0.1) && !zones.excludes(0.9, 0.5));
    }

    #[test]
    fn a_zone_of_a_class_that_nobody_asked_for() {
        assert!(apply(vec!["person".into()], &zones(&["persn=0,0,1,0.5"])).is_err());
    }
}
