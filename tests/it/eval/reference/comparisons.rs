//! Exact limits, DeLong, and comparisons of two subjects.

use countervail::eval::compare::{difference, holm, mcnemar, power};
use countervail::eval::intervals::{binomial, delong};
use serde_json::Value;

use super::{agree, all_agree, cases, count, list, name, number, numbers, read};

#[test]
fn exact_limits_agree_with_scipy() {
    let reference = read("comparisons_reference.json");
    for r in list(&reference["limits"]) {
        let (k, n) = (count(&r[0]), count(&r[1]));
        let both = binomial::clopper_pearson(k, n, 0.95).unwrap();
        let one_sided = [binomial::lower_limit(k, n, 0.95), binomial::upper_limit(k, n, 0.95)];
        for (got, wanted) in [both.low, both.high].map(Some).into_iter().chain(one_sided).zip(&list(r)[2..]) {
            agree(&format!("limit of {k} in {n}"), got, wanted);
        }
    }
    for r in list(&reference["tails"]) {
        let (k, n, p) = (count(&r[0]), count(&r[1]), number(&r[2]));
        let got = [binomial::at_least(k, n, p), binomial::at_most(k, n, p), binomial::exactly(k, n, p)];
        for (got, wanted) in got.into_iter().zip(&list(r)[3..]) {
            agree(&format!("{k} of {n} at {p}"), Some(got), wanted);
            // A p-value is read by its size, so small ones must be right relatively too.
            let wanted = number(wanted);
            assert!((got - wanted).abs() <= 1e-9 * wanted.max(1e-280), "{k} of {n} at {p}: {got}, {wanted}");
        }
    }
}

#[test]
fn delong_agrees_with_its_definition() {
    let reference = read("comparisons_reference.json");
    for r in list(&reference["aucs"]) {
        let (first, second) = (cases(r, "first", 0.5), cases(r, "second", 0.5));
        let single = delong::auc(&first);
        assert_eq!(single.is_none(), r["single"].is_null(), "{}", name(r));
        if let Some(auc) = single {
            let ends = auc.interval.map_or([None; 2], |i| [Some(i.low), Some(i.high)]);
            let got = [Some(auc.value), Some(auc.variance), ends[0], ends[1]];
            for (got, wanted) in got.into_iter().zip(list(&r["single"])) {
                agree(name(r), got, wanted);
            }
        }
        let got = delong::paired(&first, &second).map(|p| {
            let ends = p.difference.interval;
            [p.first, p.second, ends.low, ends.high, p.p]
        });
        all_agree(name(r), got.as_ref().map(<[f64; 5]>::as_slice), &r["paired"]);
    }
}

#[test]
fn tests_and_adjustments_agree_with_scipy_and_statsmodels() {
    let reference = read("comparisons_reference.json");
    for r in list(&reference["mcnemar"]) {
        let got = mcnemar::exact(count(&r[0]), count(&r[1]));
        agree("exact p", Some(got.p), &r[2]);
        agree("mid-p", Some(got.mid_p), &r[3]);
    }
    for r in list(&reference["holm"]) {
        all_agree("holm", Some(&holm::holm(&numbers(&r["p"]))), &r["adjusted"]);
    }
    for r in list(&reference["bootstrap_p"]) {
        agree("bootstrap p", Some(difference::p_value(&numbers(&r["differences"]))), &r["p"]);
    }
}

#[test]
fn least_detectable_differences_solve_their_equations() {
    let reference = read("comparisons_reference.json");
    let check = |key: &str, of: fn(usize, f64) -> Option<f64>| {
        let rows: &[Value] = list(&reference[key]);
        assert!(rows.iter().any(|r| r[2].is_null()) && rows.iter().any(|r| !r[2].is_null()));
        for r in rows {
            agree(&format!("{key} {r}"), of(count(&r[0]), number(&r[1])), &r[2]);
        }
    };
    check("paired_gain", power::paired_gain);
    check("rate_rise", power::rate_rise);
}
