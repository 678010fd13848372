//! Evaluates the times: pairs per second of one core, the uncertainty of that figure, and ratios within the same run.
//!
//! The times of single pairs are distributed almost geometrically, so the throughput depends on their mean. Its standard
//! error is computed from the means of the rounds, so that it includes what else the machine did. The median and the
//! quartiles of the rounds are printed with it.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::implementations;
use crate::measure::{Cores, Row};

struct Figures {
    per_second: f64,
    per_second_error: f64,
    /// Milliseconds per pair, over the rounds: lower quartile, median, upper quartile.
    quartiles_ms: [f64; 3],
    /// Milliseconds that half of the pairs took at most; the next field: 99 of 100.
    p50_ms: f64,
    p99_ms: f64,
    ratio: f64,
    ratio_error: f64,
}

/// Mean, and the standard error of the mean relative to it.
fn mean(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0).max(1.0);
    (mean, (variance / count).sqrt() / mean)
}

fn at(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = (share * (sorted.len().saturating_sub(1)) as f64).round() as usize;
    sorted.get(place).copied().unwrap_or(f64::NAN)
}

/// Whether ratios refer to this row.
fn is_baseline(row: &Row) -> bool {
    row.implementation == implementations::BASELINE
}

fn figures(row: &Row, rows: &[Row]) -> Figures {
    let (seconds, error) = mean(&row.rounds);
    let baseline = rows.iter().find(|other| other.spec == row.spec && is_baseline(other));
    let (baseline_seconds, baseline_error) = baseline.map_or((f64::NAN, f64::NAN), |baseline| mean(&baseline.rounds));
    let ratio = baseline_seconds / seconds;
    let own = if is_baseline(row) { 0.0 } else { error.hypot(baseline_error) };
    Figures {
        per_second: 1.0 / seconds,
        per_second_error: error / seconds,
        quartiles_ms: [0.25, 0.5, 0.75].map(|share| 1000.0 * at(&row.rounds, share)),
        p50_ms: 1000.0 * at(&row.pairs, 0.5),
        p99_ms: 1000.0 * at(&row.pairs, 0.99),
        ratio,
        ratio_error: ratio * own,
    }
}

pub(crate) fn table(rows: &[Row], cores: &[Cores]) -> String {
    let mut text = String::from(
        "spec      made by             pairs/s of a core       x aws-lc-rs    ms/pair by rounds: median [quartiles]   ms p50      p99   pairs\n",
    );
    for row in rows {
        let Figures {
            per_second,
            per_second_error,
            quartiles_ms: [low, median, high],
            p50_ms,
            p99_ms,
            ratio,
            ratio_error,
        } = figures(row, rows);
        let (spec, implementation, made) = (row.spec.name(), &row.implementation, row.pairs.len());
        let rate = format!("{per_second:.2} +- {per_second_error:.2}");
        let ratio = format!("{ratio:.2} +- {ratio_error:.2}");
        let rounds = format!("{median:.3} [{low:.3}, {high:.3}]");
        let _infallible = writeln!(
            text,
            "{spec:9} {implementation:17} {rate:>19} {ratio:>17} {rounds:>39} {p50_ms:>8.3} {p99_ms:>8.3} {made:>7}"
        );
    }
    text.push_str("\nspec      one core, pairs/s   all cores    ratio   (wall time, engine \"auto\")\n");
    for Cores { spec, count, one, all } in cores {
        let _infallible =
            writeln!(text, "{:9} {one:>17.1} {all:>11.1} {:>8.2}   {count} cores", spec.name(), all / one);
    }
    text
}

pub(crate) fn json(rows: &[Row], cores: &[Cores]) -> Value {
    let rows: Vec<Value> = rows
        .iter()
        .map(|row| {
            let figures = figures(row, rows);
            json!({
                "KeyPairSpec": row.spec.name(), "MadeBy": row.implementation, "Pairs": row.pairs.len(),
                "PairsPerSecond": figures.per_second, "PairsPerSecondError": figures.per_second_error,
                "TimesAwsLcRs": figures.ratio, "TimesAwsLcRsError": figures.ratio_error,
                "RoundQuartilesMs": figures.quartiles_ms, "P50Ms": figures.p50_ms, "P99Ms": figures.p99_ms,
            })
        })
        .collect();
    let cores: Vec<Value> = cores.iter().map(|Cores { spec, count, one, all }| {
        json!({"KeyPairSpec": spec.name(), "Cores": count, "OnePerSecond": one, "AllPerSecond": all, "Ratio": all / one})
    }).collect();
    json!({"PerCore": rows, "AllCores": cores})
}
