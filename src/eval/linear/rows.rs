//! Sparse rows, one for each text, and the two products that fitting needs.

/// Rows of (column, value) pairs over a fixed number of columns. A row may be empty.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows {
    columns: usize,
    /// Where each row ends in `indices` and `values`; the first starts at 0.
    ends: Vec<usize>,
    indices: Vec<u32>,
    values: Vec<f64>,
}

impl Rows {
    /// No rows yet, over `columns` columns.
    #[must_use]
    pub const fn new(columns: usize) -> Self {
        Self { columns, ends: Vec::new(), indices: Vec::new(), values: Vec::new() }
    }

    /// Adds a row. Its columns must be in rising order.
    ///
    /// # Panics
    /// When a column is not below [`Rows::columns`], or the columns do not rise.
    pub fn push(&mut self, row: impl IntoIterator<Item = (u32, f64)>) {
        let start = self.indices.len();
        for (column, value) in row {
            let rises = self.indices[start..].last().is_none_or(|last| *last < column);
            assert!(rises && (column as usize) < self.columns, "columns rise and are below the width");
            self.indices.push(column);
            self.values.push(value);
        }
        self.ends.push(self.indices.len());
    }

    /// Number of rows.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.ends.len()
    }

    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Number of columns.
    #[must_use]
    pub const fn columns(&self) -> usize {
        self.columns
    }

    /// The pairs of a row, columns rising.
    pub fn row(&self, row: usize) -> impl Iterator<Item = (u32, f64)> + '_ {
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        let range = start..self.ends[row];
        self.indices[range.clone()].iter().copied().zip(self.values[range].iter().copied())
    }

    /// A copy of some rows, in the order given.
    #[must_use]
    pub fn only(&self, rows: &[usize]) -> Self {
        let mut out = Self::new(self.columns);
        for row in rows {
            out.push(self.row(*row));
        }
        out
    }

    /// The product with a column vector of [`Rows::columns`] numbers: one number for each row.
    #[must_use]
    pub fn times(&self, vector: &[f64]) -> Vec<f64> {
        (0..self.len()).map(|i| self.row(i).map(|(c, v)| v * vector[c as usize]).sum()).collect()
    }

    /// The product of the transposed rows with one number for each row: one number for each column.
    #[must_use]
    pub fn transposed_times(&self, per_row: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; self.columns];
        for (i, factor) in per_row.iter().enumerate() {
            for (column, value) in self.row(i) {
                out[column as usize] += value * factor;
            }
        }
        out
    }

    /// The same with the squares of the values: what a diagonal is made of.
    #[must_use]
    pub fn squares_transposed_times(&self, per_row: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; self.columns];
        for (i, factor) in per_row.iter().enumerate() {
            for (column, value) in self.row(i) {
                out[column as usize] += value * value * factor;
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_those_of_the_written_out_matrix() {
        let mut rows = Rows::new(3);
        rows.push([(0, 1.0), (2, 2.0)]);
        rows.push([]);
        rows.push([(1, -3.0)]);
        assert_eq!(rows.times(&[1.0, 10.0, 100.0]), [201.0, 0.0, -30.0]);
        assert_eq!(rows.transposed_times(&[1.0, 5.0, 2.0]), [1.0, -6.0, 2.0]);
        assert_eq!(rows.squares_transposed_times(&[1.0, 5.0, 2.0]), [1.0, 18.0, 4.0]);
    }

    #[test]
    #[should_panic(expected = "columns rise")]
    fn a_column_may_not_stand_twice_in_a_row() {
        Rows::new(3).push([(1, 1.0), (1, 1.0)]);
    }
}
