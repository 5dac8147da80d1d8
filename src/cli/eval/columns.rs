//! Rows of words, aligned so that a person can read down a column.

/// Pads every column but the last to its widest word, two blanks between.
pub(in crate::cli) fn aligned<const N: usize>(rows: &[[String; N]]) -> Vec<String> {
    let mut widths = [0; N];
    for row in rows {
        for (width, word) in widths.iter_mut().zip(row) {
            *width = (*width).max(word.chars().count());
        }
    }
    let pad = |row: &[String; N]| {
        let padded: Vec<String> =
            row.iter().zip(widths).map(|(word, width)| format!("{word:width$}")).collect();
        padded.join("  ").trim_end().to_owned()
    };
    rows.iter().map(pad).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_no_line_ends_in_blanks() {
        let row = |a: &str, b: &str, c: &str| [a.to_owned(), b.to_owned(), c.to_owned()];
        let lines = aligned(&[row("name", "é", "x"), row("n", "longer", ""), row("", "", "y")]);
        assert_eq!(lines, ["name  é       x", "n     longer", "              y"]);
    }
}
