//! Identities, swaps and evidence.

use countervail::eval::intervals::bootstrap::Plan;
use countervail::eval::intervals::{self, Difference};
use countervail::eval::metrics::Case;
use countervail::eval::metrics::bias::{
    bias, final_score, identity_aucs, identity_rates, power_means, spread,
};
use countervail::eval::metrics::counterfactual::counterfactual;
use countervail::eval::metrics::evidence::{Erased, faithfulness};
use countervail::eval::metrics::ranking::Ranked;
use serde_json::Value;

use super::{agree, all_agree, cases, count, list, name, read, score};

const PLAN: Plan = Plan { seed: 3, resamples: 4 };

fn ends(difference: Option<Difference>) -> Option<[f64; 3]> {
    difference.map(|d| [d.value, d.interval.low, d.interval.high])
}

fn rate(value: &Value) -> (usize, usize) {
    (count(&value[0]), count(&value[1]))
}

#[test]
fn identity_metrics_agree_with_scikit_learn_and_fairlearn() {
    let reference = read("bias_reference.json");
    for r in list(&reference["cases"]) {
        let cases = cases(r, "scores", score(&r["threshold"]).unwrap());
        let ranked = Ranked::new(&cases);
        let identities = list(&r["identities"]);
        let members: Vec<Vec<bool>> =
            identities.iter().map(|i| list(&i["member"]).iter().map(|m| m == 1).collect()).collect();
        let aucs: Vec<_> = members.iter().map(|m| identity_aucs(&ranked, &ranked.once(), m)).collect();
        for ((auc, member), expected) in aucs.iter().zip(&members).zip(identities) {
            agree(name(r), auc.subgroup, &expected["subgroup"]);
            agree(name(r), auc.bpsn, &expected["bpsn"]);
            agree(name(r), auc.bnsp, &expected["bnsp"]);
            let rates = identity_rates(&cases, member);
            for (gap, wanted) in
                [rates.false_positive_gap, rates.false_negative_gap].into_iter().zip(list(&expected["gaps"]))
            {
                all_agree(name(r), ends(gap).as_ref().map(<[f64; 3]>::as_slice), wanted);
            }
        }
        let (overall, means) = (ranked.statistics().roc_auc, power_means(&aucs));
        agree(name(r), overall, &r["overall"]);
        for (mean, wanted) in
            [means.subgroup, means.bpsn, means.bnsp].into_iter().zip(list(&r["power_means"]))
        {
            agree(name(r), mean, wanted);
        }
        agree(name(r), final_score(overall, means), &r["final"]);
        // The page with intervals holds the same numbers.
        let page = bias(&ranked, &members, 0, &(0..cases.len()).collect::<Vec<_>>(), PLAN);
        agree(name(r), page.overall.value, &r["overall"]);
        agree(name(r), page.final_score.value, &r["final"]);
        assert_eq!(page.identities.len(), identities.len());
        for (identity, expected) in page.identities.iter().zip(identities) {
            agree(name(r), identity.bpsn.value, &expected["bpsn"]);
        }
    }
}

#[test]
fn gaps_agree_with_statsmodels_and_fairlearn() {
    let reference = read("bias_reference.json");
    for r in list(&reference["newcombe"]) {
        let given: Vec<usize> = list(r)[..4].iter().map(count).collect();
        let got = ends(intervals::newcombe((given[0], given[1]), (given[2], given[3])));
        all_agree("newcombe", got.as_ref().map(<[f64; 3]>::as_slice), &Value::from(list(r)[4..].to_vec()));
    }
    for r in list(&reference["spreads"]) {
        let rates: Vec<(usize, usize)> = list(&r["rates"]).iter().map(rate).collect();
        let got = spread(&rates).unwrap();
        assert_eq!((got.lowest, got.highest), (count(&r["lowest"]), count(&r["highest"])));
        let got = ends(Some(got.difference));
        all_agree("spread", got.as_ref().map(<[f64; 3]>::as_slice), &r["difference"]);
    }
}

#[test]
fn swaps_agree_with_going_through_all_pairs() {
    let reference = read("bias_reference.json");
    for r in list(&reference["swaps"]) {
        let given = list(&r["scores"]).iter().map(score);
        let cases: Vec<Case> = given
            .map(|score| Case { score, positive: false, flagged: score.is_some_and(|s| s >= 0.5) })
            .collect();
        let groups: Vec<usize> = list(&r["groups"]).iter().map(count).collect();
        let got = counterfactual(&cases, &groups, PLAN);
        let counts = [got.pairs, got.scored_pairs, got.groups, got.groups_split];
        let wanted = ["pairs", "scored_pairs", "groups_of_two", "groups_split"].map(|key| count(&r[key]));
        assert_eq!(counts, wanted, "{}", name(r));
        agree(name(r), got.flip_rate.value, &r["flip_rate"]);
        agree(name(r), got.score_difference.value, &r["score_difference"]);
    }
}

#[test]
fn evidence_agrees_with_the_means_of_the_drops() {
    let reference = read("bias_reference.json");
    for r in list(&reference["evidence"]) {
        let column = |key: &str| list(&r[key]).iter().map(score).collect::<Vec<_>>();
        let (whole, without, only) = (column("whole"), column("without"), column("only"));
        let texts: Vec<Erased> = (0..whole.len())
            .map(|i| Erased { whole: whole[i], without: without[i], only: only[i] })
            .collect();
        let got = faithfulness(&texts, &(0..texts.len()).collect::<Vec<_>>(), PLAN);
        assert_eq!(serde_json::json!([got.comprehensiveness_n, got.sufficiency_n]), r["n"]);
        agree("comprehensiveness", got.comprehensiveness.value, &r["means"][0]);
        agree("sufficiency", got.sufficiency.value, &r["means"][1]);
    }
}
