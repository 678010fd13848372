//! The metrics of the key pair generator, read at each scrape.

use std::fmt;

use claviger_service::PairFigures;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

/// Reads the figures from a function.
pub(super) struct PairCollector<F>(pub(super) F);

impl<F> fmt::Debug for PairCollector<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PairCollector")
    }
}

impl<F: Fn() -> PairFigures + Send + Sync + 'static> Collector for PairCollector<F> {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let figures = (self.0)();
        let stocked = || figures.specs.iter().filter(|spec| spec.stock_capacity > 0);
        let mut family = gauge(&mut encoder, "pair_stock", "Key pairs in stock")?;
        for spec in stocked() {
            set(&mut family, &[("spec", spec.spec.name())], spec.stock_level)?;
        }
        let mut family = gauge(&mut encoder, "pair_stock_capacity", "Capacity of the stock")?;
        for spec in stocked() {
            set(&mut family, &[("spec", spec.spec.name())], spec.stock_capacity)?;
        }
        let mut family = counter(&mut encoder, "pairs_made", "Key pairs made for requests and for the stock")?;
        for spec in &figures.specs {
            add(&mut family, &[("spec", spec.spec.name())], spec.made)?;
        }
        let mut family = counter(&mut encoder, "pairs_handed_out", "Key pairs given to requests, by source")?;
        for spec in &figures.specs {
            add(&mut family, &[("spec", spec.spec.name()), ("source", "stock")], spec.from_stock)?;
            add(&mut family, &[("spec", spec.spec.name()), ("source", "demand")], spec.on_demand)?;
        }
        let mut family = counter(&mut encoder, "pairs_discarded", "Key pairs of the stock wiped unused, by reason")?;
        let reasons = [
            ("age", figures.discarded_old),
            ("memory_copied", figures.discarded_copied),
            ("surplus", figures.discarded_surplus),
        ];
        for (reason, count) in reasons {
            add(&mut family, &[("reason", reason)], count)?;
        }
        single(
            counter(
                &mut encoder,
                "pairs_returned",
                "Key pairs returned to the stock because their request ended before the answer",
            )?,
            figures.returned,
        )?;
        single(
            counter(&mut encoder, "pair_orders_refused", "Requests refused because the queue was full")?,
            figures.refused,
        )?;
        single(counter(&mut encoder, "pair_engine_failures", "Failures of the pair engine")?, figures.failed)?;
        let waiting = gauge(&mut encoder, "pair_orders_waiting", "Requests waiting for a key pair")?;
        ConstGauge::new(signed(figures.waiting)).encode(waiting)?;
        let locked = gauge(&mut encoder, "pair_stock_locked", "Whether the stock is locked in memory: 1 or 0")?;
        ConstGauge::new(i64::from(figures.is_locked)).encode(locked)
    }
}

fn gauge<'a>(
    encoder: &'a mut DescriptorEncoder<'_>,
    name: &'a str,
    help: &str,
) -> Result<MetricEncoder<'a>, fmt::Error> {
    encoder.encode_descriptor(name, help, None, MetricType::Gauge)
}

fn counter<'a>(
    encoder: &'a mut DescriptorEncoder<'_>,
    name: &'a str,
    help: &str,
) -> Result<MetricEncoder<'a>, fmt::Error> {
    encoder.encode_descriptor(name, help, None, MetricType::Counter)
}

fn set<const N: usize>(family: &mut MetricEncoder<'_>, labels: &[(&str, &str); N], value: usize) -> fmt::Result {
    ConstGauge::new(signed(value)).encode(family.encode_family(labels)?)
}

fn add<const N: usize>(family: &mut MetricEncoder<'_>, labels: &[(&str, &str); N], value: usize) -> fmt::Result {
    ConstCounter::new(value as u64).encode(family.encode_family(labels)?)
}

fn single(encoder: MetricEncoder<'_>, value: usize) -> fmt::Result {
    ConstCounter::new(value as u64).encode(encoder)
}

fn signed(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use claviger_keygen::{PairSpec, SpecFigures};
    use prometheus_client::encoding::text::encode;
    use prometheus_client::registry::Registry;

    #[test]
    fn every_figure_is_encoded() {
        let spec = |spec, stock_capacity, from_stock| SpecFigures {
            spec,
            stock_level: stock_capacity / 2,
            stock_capacity,
            made: 40,
            from_stock,
            on_demand: 5,
        };
        let figures = PairFigures {
            specs: vec![spec(PairSpec::Rsa4096, 8, 30), spec(PairSpec::EcP256, 0, 0)],
            waiting: 11,
            refused: 12,
            returned: 13,
            discarded_old: 14,
            discarded_copied: 15,
            discarded_surplus: 16,
            failed: 17,
            is_locked: true,
        };
        let mut registry = Registry::with_prefix("claviger");
        registry.register_collector(Box::new(PairCollector(move || figures.clone())));
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        for line in [
            "claviger_pair_stock{spec=\"RSA_4096\"} 4",
            "claviger_pair_stock_capacity{spec=\"RSA_4096\"} 8",
            "claviger_pairs_made_total{spec=\"EC_P256\"} 40",
            "claviger_pairs_handed_out_total{spec=\"RSA_4096\",source=\"stock\"} 30",
            "claviger_pairs_handed_out_total{spec=\"RSA_4096\",source=\"demand\"} 5",
            "claviger_pairs_discarded_total{reason=\"age\"} 14",
            "claviger_pairs_discarded_total{reason=\"memory_copied\"} 15",
            "claviger_pairs_discarded_total{reason=\"surplus\"} 16",
            "claviger_pairs_returned_total 13",
            "claviger_pair_orders_refused_total 12",
            "claviger_pair_engine_failures_total 17",
            "claviger_pair_orders_waiting 11",
            "claviger_pair_stock_locked 1",
        ] {
            assert!(text.lines().any(|one| one == line), "{line} is missing:\n{text}");
        }
        assert!(!text.contains("claviger_pair_stock{spec=\"EC_P256\"}"), "EC pairs have no stock");
    }
}
