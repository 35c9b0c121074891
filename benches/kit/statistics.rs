//! Percentiles, and bars printed in one form.

/// The value below which the share `p` of all values lies; sorts the values.
pub fn percentile(values: &mut [f64], p: f64) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let at = (values.len() as f64 * p).ceil() as usize;
    values.get(at.max(1) - 1).copied().unwrap_or(f64::NAN)
}

pub fn median(mut values: Vec<f64>) -> f64 {
    percentile(&mut values, 0.5)
}

/// Prints whether a promise of the project holds here; it never fails.
pub fn bar(what: &str, limit: f64, unit: &str, measured: f64) {
    let word = if measured <= limit { "holds" } else { "MISSED" };
    println!("bar: {what} <= {limit}{unit}: measured {measured:.2}{unit} -> {word}");
}
