//! A table for a terminal: columns as wide as their text, one of them shortened where the terminal is narrow.

use console::{Style, measure_text_width, pad_str, truncate_str};

use crate::output::printable;

const GAP: &str = "  ";
/// Never shortened to less than this.
const NARROWEST: usize = 12;

/// Rows under headings.
pub(crate) struct Table {
    rows: Vec<Vec<(String, Style)>>,
    gives_way: usize,
}

impl Table {
    pub(crate) fn new(headings: &[&str]) -> Self {
        let heading = |text: &&str| ((*text).to_owned(), Style::new().bold());
        Self { rows: vec![headings.iter().map(heading).collect()], gives_way: 0 }
    }

    /// Has this column shortened, and not the first.
    pub(crate) fn gives_way(mut self, column: usize) -> Self {
        self.gives_way = column;
        self
    }

    pub(crate) fn row(&mut self, cells: Vec<(String, Style)>) {
        self.rows.push(cells.into_iter().map(|(text, style)| (printable(&text).into_owned(), style)).collect());
    }

    /// The table's text, for a terminal so wide; `None` where nobody looks at the width.
    pub(crate) fn render(&self, terminal: Option<usize>) -> String {
        self.render_on(&mut Vec::new(), terminal, true)
    }

    /// The same, with columns at least so wide, which says how wide they have become; with or without its headings.
    pub(crate) fn render_on(&self, widths: &mut Vec<usize>, terminal: Option<usize>, headings: bool) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            let own = cells.map(|(text, _)| measure_text_width(text)).max().unwrap_or_default();
            own.max(widths.get(column).copied().unwrap_or_default())
        };
        *widths = (0..columns).map(width).collect();
        let mut widths = widths.clone();
        let total: usize = widths.iter().sum::<usize>() + GAP.len() * columns.saturating_sub(1);
        if let (Some(terminal), Some(column)) = (terminal, widths.get_mut(self.gives_way)) {
            *column = column.saturating_sub(total.saturating_sub(terminal)).max(NARROWEST.min(*column));
        }
        let mut out = String::new();
        for row in &self.rows[usize::from(!headings)..] {
            let mut line = String::new();
            for (index, ((text, style), width)) in row.iter().zip(&widths).enumerate() {
                let text = shortened(text, *width);
                let last = index + 1 == row.len();
                // What is padded is the text, not its colours.
                let padded = if last { text.into() } else { pad_str(&text, *width, console::Alignment::Left, None) };
                line += &style.apply_to(padded).to_string();
                if !last {
                    line += GAP;
                }
            }
            out += line.trim_end();
            out.push('\n');
        }
        out
    }
}

/// The end of a path or URL says most, so the front goes.
fn shortened(text: &str, width: usize) -> String {
    if measure_text_width(text) <= width {
        return text.to_owned();
    }
    let backwards: String = text.chars().rev().collect();
    truncate_str(&backwards, width, "..").chars().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_the_first_gives_way() {
        let mut table = Table::new(&["PICTURE", "FOUND"]);
        table.row(vec![
            ("https://example.com/a/very/long/way/street.jpg".into(), Style::new()),
            ("person".into(), Style::new()),
        ]);
        table.row(vec![("b.jpg".into(), Style::new()), ("car\x1b[2J".into(), Style::new())]);
        let text = table.render(Some(40));
        let lines: Vec<_> = text.lines().map(|line| console::strip_ansi_codes(line).into_owned()).collect();
        assert!(lines[1].starts_with("..") && lines[1].ends_with("street.jpg  person"), "{}", lines[1]);
        assert!(lines.iter().all(|line| line.chars().count() <= 40));
        assert_eq!(lines[0].find("FOUND"), lines[1].find("person"));
        assert!(!text.contains("\x1b[2J"));
    }

    #[test]
    fn what_comes_later_lines_up_with_what_came() {
        let row = |name: &str| {
            let mut table = Table::new(&["PICTURE", "FOUND"]);
            table.row(vec![(name.into(), Style::new()), ("person".into(), Style::new())]);
            table
        };
        let mut widths = vec![10];
        assert_eq!(
            console::strip_ansi_codes(&row("a.jpg").render_on(&mut widths, None, true)),
            "PICTURE     FOUND\na.jpg       person\n"
        );
        assert_eq!(row("longer-name.jpg").render_on(&mut widths, None, false), "longer-name.jpg  person\n");
        assert_eq!(row("b.jpg").render_on(&mut widths, None, false), "b.jpg            person\n");
    }
}
