//! `boplish emulate compare`: two runs side by side.

use std::io::Write;

use super::options::CompareOptions;
use super::report::difference::differences;
use super::report::page;
use super::results;
use crate::failure::Failure;

/// Prints the differences, and writes the page.
pub(super) fn run(options: &CompareOptions) -> Result<(), Failure> {
    let one = results::read(&options.one)?;
    let other = results::read(&options.other)?;
    let mut rows = vec![["", "A", "B", "B to A", ""].map(str::to_owned)];
    rows.extend(differences(&one, &other).iter().map(|it| it.cells()));
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "A: {}\nB: {}\n", one.command, other.command)?;
    for line in table(&rows) {
        writeln!(stdout, "{line}")?;
    }
    results::write_file(&options.out, &page::comparison(&one, &other))?;
    writeln!(stdout, "\nside by side: {}", options.out.display())?;
    Ok(())
}

/// Columns as wide as their widest cell; the first one to the left, the others to the right.
pub(super) fn table<const N: usize>(rows: &[[String; N]]) -> Vec<String> {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<usize> = (0..N).map(|column| width(column).unwrap_or(0)).collect();
    rows.iter()
        .map(|row| {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                let pad = " ".repeat(widths[column].saturating_sub(cell.chars().count()));
                match column {
                    0 => line.push_str(&format!("{cell}{pad}")),
                    _ => line.push_str(&format!("  {pad}{cell}")),
                }
            }
            line.trim_end().to_owned()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["a", "10 ms"], ["längst", "9 ms"]].map(|row| row.map(str::to_owned));
        assert_eq!(table(&rows), ["a       10 ms", "längst   9 ms"]);
    }
}
