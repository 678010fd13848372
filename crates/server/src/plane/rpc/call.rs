//! One authenticated call of the control plane, as its handler sees it. Handlers run where they may block.

use claviger_base::id::AccessKeyId;
use claviger_service::{Intent, KeyRef, PageRequest, Service};
use claviger_wire::rpc::json::Acknowledged;
use claviger_wire::rpc::page::Page;

use super::errors::Refusal;

/// The region in ARNs of a self-hosted instance.
const REGION: &str = "cn-local";

/// One authenticated call.
pub(super) struct Call<'a> {
    pub(super) service: &'a Service,
    pub(super) caller: AccessKeyId,
    /// For the answer.
    pub(super) request_id: String,
    /// For the change that the call makes, if it makes one.
    pub(super) intent: Intent,
}

impl Call<'_> {
    /// The key that a request names by id, alias or ARN.
    pub(super) fn key(&self, named: &str) -> Result<KeyRef, Refusal> {
        Ok(self.service.key_ref(named)?)
    }

    /// The ARN of something in this instance; `kind` ends with `/` where the name does not say what it is.
    pub(super) fn arn(&self, kind: &str, name: &str) -> String {
        format!("acs:kms:{REGION}:{}:{kind}{name}", self.service.instance().account)
    }

    /// The answer of an action that has nothing to tell.
    pub(super) fn acknowledged(&self) -> Acknowledged {
        Acknowledged { request_id: self.request_id.clone() }
    }
}

/// A page, as the service asks for it.
pub(super) fn page_request(page: Page) -> PageRequest {
    let entries = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
    PageRequest { number: entries(page.number), size: entries(page.size) }
}

/// A count, as answers have it.
pub(super) fn total(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
