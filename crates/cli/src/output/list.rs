//! Lists of what a search found, and single things that are no jobs.

use console::{Style, Term, user_attended};
use image_intelligence::Timestamp;
use serde::Serialize;

use crate::failure::Failure;
use crate::moments::utc;
use crate::output::table::Table;
use crate::output::{Format, json_line, print, printable, remark};

/// What there is not, in a column.
const NOTHING: &str = "-";

/// A list: each row as JSON, and as cells under headings.
pub(crate) struct List {
    headings: &'static [&'static str],
    /// The column that is shortened on a narrow terminal; an id that is cut is good for nothing.
    gives_way: usize,
    documents: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl List {
    pub(crate) fn new(headings: &'static [&'static str], gives_way: usize) -> Self {
        Self { headings, gives_way, documents: Vec::new(), rows: Vec::new() }
    }

    /// Adds what is one document, and one line.
    pub(crate) fn add(&mut self, document: &impl Serialize, cells: Vec<String>) {
        self.add_several(document, vec![cells]);
    }

    /// Adds what is one document, and several lines.
    pub(crate) fn add_several(&mut self, document: &impl Serialize, rows: Vec<Vec<String>>) {
        self.documents.push(json_line(document));
        self.rows.extend(rows);
    }

    /// Writes the list as the user wants it. An empty one is an answer, not an error: `none` says of what there is none.
    pub(crate) fn show(&self, none: &str, format: Format) -> Result<(), Failure> {
        match format {
            Format::Json => {
                let documents: Vec<_> = self.documents.iter().map(|document| document.trim_end()).collect();
                print(&format!("[{}]\n", documents.join(",")))
            }
            Format::Ndjson => print(&self.documents.concat()),
            Format::Text if self.rows.is_empty() => {
                remark(&format!("{}\n", printable(none)));
                Ok(())
            }
            Format::Text if user_attended() => {
                let mut table = Table::new(self.headings).gives_way(self.gives_way);
                for row in &self.rows {
                    table.row(row.iter().map(|cell| (cell.clone(), Style::new())).collect());
                }
                print(&table.render(Some(usize::from(Term::stdout().size().1))))
            }
            Format::Text => {
                let line =
                    |row: &Vec<String>| row.iter().map(|cell| printable(cell)).collect::<Vec<_>>().join("\t") + "\n";
                print(&self.rows.iter().map(line).collect::<String>())
            }
        }
    }
}

/// Writes a single thing: its document, or a line for each of its fields that there is.
pub(crate) fn show_record(
    document: &impl Serialize,
    fields: &[(&str, Option<String>)],
    format: Format,
) -> Result<(), Failure> {
    if format != Format::Text {
        return print(&json_line(document));
    }
    let known = fields.iter().filter_map(|(label, value)| Some((label, value.as_ref()?)));
    let width = fields.iter().map(|(label, _)| label.len()).max().unwrap_or_default();
    let line = |(label, value): (&&str, &String)| {
        let value = printable(value);
        if user_attended() { format!("{label:width$}  {value}\n") } else { format!("{label}\t{value}\n") }
    };
    print(&known.map(line).collect::<String>())
}

/// A cell of what may not be there.
pub(crate) fn or_nothing(text: Option<&str>) -> String {
    text.filter(|text| !text.is_empty()).unwrap_or(NOTHING).to_owned()
}

/// A cell of a moment that may not be known.
pub(crate) fn moment(moment: Option<Timestamp>) -> String {
    moment.map_or_else(|| NOTHING.to_owned(), utc)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_there_is_not() {
        assert_eq!([or_nothing(None), or_nothing(Some("")), or_nothing(Some("a"))], ["-", "-", "a"]);
        assert_eq!(moment(None), "-");
    }
}
