//! Which of many equally frequent terms a vocabulary of limited size keeps. scikit-learn sorts the frequencies with
//! NumPy's `argsort`, which is not stable, and cuts: in a corpus of short texts that draws thousands of terms out of
//! those that occur once, and another draw moves published figures in the second decimal. So the same sort stands
//! here: NumPy's quicksort (`numpy/_core/src/npysort/quicksort.cpp`, `aquicksort_`), as it runs on machines without
//! vector instructions for sorting. Those with them draw otherwise, each in its own way.

/// Below this many elements NumPy sorts by insertion.
const SMALL: usize = 16;

/// The positions of the keys, in the order of rising keys, as NumPy's quicksort leaves them. (Without its retreat to
/// a heap when the pivots are bad sixty times running, which no count of words has made them.)
pub(super) fn argsort(keys: &[i64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..keys.len()).collect();
    sort(keys, &mut order);
    order
}

fn sort(keys: &[i64], mut order: &mut [usize]) {
    while order.len() > SMALL + 1 {
        let pivot = partition(keys, order);
        let (low, high) = order.split_at_mut(pivot);
        let high = &mut high[1..];
        // The parts do not touch each other; going down into the smaller one bounds the depth.
        let (small, large) = if low.len() < high.len() { (low, high) } else { (high, low) };
        sort(keys, small);
        order = large;
    }
    for i in 1..order.len() {
        let moved = order[i];
        let mut j = i;
        while j > 0 && keys[moved] < keys[order[j - 1]] {
            order[j] = order[j - 1];
            j -= 1;
        }
        order[j] = moved;
    }
}

/// Puts what is below the pivot before it and what is above behind it; gives the pivot's place.
fn partition(keys: &[i64], order: &mut [usize]) -> usize {
    let last = order.len() - 1;
    let middle = last / 2;
    for (a, b) in [(middle, 0), (last, middle), (middle, 0)] {
        if keys[order[a]] < keys[order[b]] {
            order.swap(a, b);
        }
    }
    let pivot = keys[order[middle]];
    let (mut i, mut j) = (0, last - 1);
    order.swap(middle, j);
    loop {
        i += 1;
        while keys[order[i]] < pivot {
            i += 1;
        }
        j -= 1;
        while pivot < keys[order[j]] {
            j -= 1;
        }
        if i >= j {
            break;
        }
        order.swap(i, j);
    }
    order.swap(i, last - 1);
    i
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_position_once_and_keys_rising(keys in prop::collection::vec(-4_i64..4, 0..400)) {
            let order = argsort(&keys);
            prop_assert!(order.windows(2).all(|w| keys[w[0]] <= keys[w[1]]));
            let mut places = order;
            places.sort_unstable();
            prop_assert!(places.into_iter().eq(0..keys.len()));
        }
    }
}
