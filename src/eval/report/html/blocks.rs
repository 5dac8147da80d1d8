//! What a section is made of. Sections say what they hold; one template says what that looks like, so that every
//! table of the report has a caption, row heads and aligned numbers, and nothing gets in unescaped.

use askama::Template;

use crate::eval::report::html::svg::Svg;
use crate::eval::report::html::svg::strip::Strip;
use crate::eval::report::metric::Metric;
use crate::eval::report::words;

/// A part of the report with a heading and a place in the contents.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) blocks: Vec<Block>,
}

#[derive(Debug)]
pub(super) enum Block {
    Heading(String),
    Text(String),
    /// Beside the point, in small letters.
    Note(String),
    List(Vec<String>),
    Table(Table),
    /// Side by side where there is room, each with its caption.
    Figures(Vec<(Svg, String)>),
    /// Which mark stands for which subject.
    Legend(Vec<(Svg, String)>),
    /// Closed until the reader opens it.
    Fold(String, Vec<Block>),
    /// From a template of its own.
    Html(String),
}

#[derive(Debug)]
pub(super) struct Table {
    pub(super) caption: String,
    pub(super) head: Vec<Column>,
    /// As many cells as the head has columns; the first is the row's name.
    pub(super) rows: Vec<Vec<Cell>>,
}

#[derive(Debug)]
pub(super) enum Column {
    Words(String),
    Number(String),
    /// The scale of the pictures below.
    Chart(String, Svg),
}

#[derive(Debug)]
pub(super) enum Cell {
    Words(String),
    /// A name from a file.
    Code(String),
    Number(String),
    /// How many cases; whether so few that a rate over them says little.
    Cases(String, bool),
    /// A number, and how many cases it is about.
    Of(String, String),
    Chart(Svg),
    /// A number, and how much it should stand out: 0 not at all, 4 most.
    Heat(String, usize),
}

/// Letters that fit beside one another in a narrow window.
const NARROW: usize = 60;
/// Letters as wide as a picture in a table.
const CHART: usize = 24;

impl Table {
    /// Wider than some windows: it scrolls, and so must be reachable by keyboard.
    fn is_wide(&self) -> bool {
        let widest = |row: &[Cell]| row.iter().map(Cell::letters).sum::<usize>();
        self.rows.iter().map(|row| widest(row)).max().unwrap_or_default() > NARROW
    }
}

impl Cell {
    fn letters(&self) -> usize {
        let letters = |text: &str| text.chars().count() + 2;
        match self {
            Self::Words(text)
            | Self::Code(text)
            | Self::Number(text)
            | Self::Heat(text, _)
            | Self::Cases(text, _) => letters(text),
            Self::Of(text, n) => letters(text) + letters(n),
            Self::Chart(_) => CHART,
        }
    }
}

/// A table, unless it would be empty.
pub(super) fn table(caption: String, head: Vec<Column>, rows: Vec<Vec<Cell>>) -> Option<Block> {
    (!rows.is_empty()).then_some(Block::Table(Table { caption, head, rows }))
}

/// A column of words.
pub(super) fn words_column(title: &str) -> Column {
    Column::Words(title.to_owned())
}

/// A column of numbers.
pub(super) fn number_column(title: &str) -> Column {
    Column::Number(title.to_owned())
}

/// A column of pictures on one scale.
pub(super) fn chart_column(title: &str, strip: Strip) -> Column {
    Column::Chart(title.to_owned(), strip.head())
}

/// How many cases a row is about, marked when they are few.
pub(super) fn cases(n: usize, small: bool) -> Cell {
    Cell::Cases(words::count(n), small)
}

/// A share with its interval.
pub(super) fn share(metric: &Metric) -> Cell {
    Cell::Number(words::share(metric))
}

/// A share with its interval and its n, for rows that do not show n themselves.
pub(super) fn share_of(metric: &Metric) -> Cell {
    of(words::share(metric), metric)
}

/// A number with its interval and its n.
pub(super) fn number_of(metric: &Metric) -> Cell {
    of(words::number(metric), metric)
}

/// Where there is no number there is nothing that it is of.
fn of(text: String, metric: &Metric) -> Cell {
    match metric.value {
        Some(_) => Cell::Of(text, words::count(metric.n)),
        None => Cell::Number(text),
    }
}

/// A difference of shares, in percentage points.
pub(super) fn points(metric: &Metric) -> Cell {
    Cell::Number(words::points(metric))
}

/// A number from 0 to 1 with its interval.
pub(super) fn number(metric: &Metric) -> Cell {
    Cell::Number(words::number(metric))
}

/// Renders blocks one after the other.
pub(super) fn render(blocks: &[Block]) -> askama::Result<String> {
    Blocks { blocks }.render()
}

#[derive(Template)]
#[template(path = "blocks.html")]
struct Blocks<'a> {
    blocks: &'a [Block],
}

impl Blocks<'_> {
    #[expect(clippy::unused_self, reason = "templates call methods")]
    fn nested(&self, blocks: &[Block]) -> askama::Result<String> {
        render(blocks)
    }

    /// Whether words stay on one line, or need room for several.
    #[expect(clippy::unused_self, reason = "templates call methods")]
    fn width(&self, words: &str) -> &'static str {
        if words.chars().count() <= 28 { "line" } else { "lines" }
    }
}
