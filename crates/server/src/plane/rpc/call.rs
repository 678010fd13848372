//! The context that a handler of the control plane receives: one authenticated call. Handlers may block.

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
    /// For the change, if the call makes one.
    pub(super) intent: Intent,
}

impl Call<'_> {
    /// The key that a request names by id, alias or ARN.
    pub(super) fn key(&self, named: &str) -> Result<KeyRef, Refusal> {
        Ok(self.service.key_ref(named)?)
    }

    /// The ARN of a resource of this instance. `kind` is a prefix such as `key/`; alias names already contain theirs.
    pub(super) fn arn(&self, kind: &str, name: &str) -> String {
        format!("acs:kms:{REGION}:{}:{kind}{name}", self.service.instance().account)
    }

    /// The answer of an action that returns no data.
    pub(super) fn acknowledged(&self) -> Acknowledged {
        Acknowledged { request_id: self.request_id.clone() }
    }
}

/// Converts a page to the type of the service.
pub(super) fn page_request(page: Page) -> PageRequest {
    let entries = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
    PageRequest { number: entries(page.number), size: entries(page.size) }
}

/// Converts a count to the type in answers.
pub(super) fn total(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
