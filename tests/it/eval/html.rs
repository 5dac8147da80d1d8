//! The report as a page: whole, sealed off from the network, and without a text.

use countervail::eval::report::html;

use crate::report::made_up;

#[test]
fn a_preview() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    fs_err::write(folder.join("report.html"), html::render(&made_up())).unwrap();
    fs_err::write(folder.join("card.html"), html::card(&made_up())).unwrap();
}
