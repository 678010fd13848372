//! The list of actions: the subject of the audit record of each, and its handler.
//!
//! The request type of an action has the same name as the action. `wire` contains it, and its answer, in the file of the
//! resource.

use claviger_base::id::{AliasName, RuleName};
use claviger_wire::rpc::access_keys::{CreateAccessKey, DeleteAccessKey, ListAccessKeys, UpdateAccessKey};
use claviger_wire::rpc::access_points::{
    CreateApplicationAccessPoint, DeleteApplicationAccessPoint, DescribeApplicationAccessPoint,
    ListApplicationAccessPoints, UpdateApplicationAccessPoint,
};
use claviger_wire::rpc::aliases::{CreateAlias, DeleteAlias, ListAliases};
use claviger_wire::rpc::client_keys::{CreateClientKey, DeleteClientKey, GetClientKey, ListClientKeys};
use claviger_wire::rpc::keys::{
    CancelKeyDeletion, CreateKey, DescribeKey, DisableKey, EnableKey, ListKeys, ScheduleKeyDeletion,
    UpdateKeyDescription, UpdateRotationPolicy,
};
use claviger_wire::rpc::network_rules::{
    CreateNetworkRule, DeleteNetworkRule, DescribeNetworkRule, ListNetworkRules, UpdateNetworkRule,
};
use claviger_wire::rpc::policies::{CreatePolicy, DeletePolicy, DescribePolicy, ListPolicies, UpdatePolicy};
use claviger_wire::rpc::versions::{CreateKeyVersion, DescribeKeyVersion, ListKeyVersions};
use claviger_wire::rpc::{Action, Parameters, Request, json};

use super::call::Call;
use super::errors::Result;
use super::{access_keys, access_points, aliases, client_keys, keys, network_rules, policies, versions};
use crate::plane::outcome::Outcome;
use crate::request_log::audit_fields::{AuditFields, Subject};

/// The subject of an action, and the parameter that contains it.
#[derive(Debug, Clone, Copy)]
enum About {
    /// The key in `KeyId`, if any, or the key or access key that the action creates.
    Key,
    /// The key in `KeyId`; the record also contains the alias in `AliasName`.
    Alias,
    /// The created resource; the record also contains the application access point in `AapName`.
    AccessPoint,
    /// The resource in this parameter.
    Named(&'static str),
}

use About::{AccessPoint, Alias, Key, Named};

/// Declares the list. It does not compile if an action of [`Action`] is missing.
macro_rules! actions {
    ($($name:ident about $about:expr => $handler:path;)+) => {
        fn about(action: Action) -> About {
            match action {
                $(Action::$name => $about,)+
            }
        }

        /// Performs one call: parses the request of the action, runs its handler and encodes the answer.
        pub(super) fn serve(action: Action, parameters: &Parameters, call: &Call<'_>) -> Result<Vec<u8>> {
            action.check_served(parameters)?;
            match action {
                $(Action::$name => serve_request::<$name>(parameters, call, $handler),)+
            }
        }
    };
}

actions! {
    CreateKey about Key => keys::create;
    DescribeKey about Key => keys::describe;
    ListKeys about Key => keys::list;
    EnableKey about Key => keys::enable;
    DisableKey about Key => keys::disable;
    ScheduleKeyDeletion about Key => keys::schedule_deletion;
    CancelKeyDeletion about Key => keys::cancel_deletion;
    UpdateKeyDescription about Key => keys::update_description;
    UpdateRotationPolicy about Key => keys::update_rotation_policy;

    CreateAlias about Alias => aliases::create;
    DeleteAlias about Alias => aliases::delete;
    ListAliases about Key => aliases::list;

    CreateKeyVersion about Key => versions::create;
    ListKeyVersions about Key => versions::list;
    DescribeKeyVersion about Key => versions::describe;

    CreateClientKey about AccessPoint => client_keys::create;
    GetClientKey about Named("ClientKeyId") => client_keys::get;
    ListClientKeys about Key => client_keys::list;
    DeleteClientKey about Named("ClientKeyId") => client_keys::delete;

    CreateApplicationAccessPoint about Named("Name") => access_points::create;
    DescribeApplicationAccessPoint about Named("Name") => access_points::describe;
    UpdateApplicationAccessPoint about Named("Name") => access_points::update;
    ListApplicationAccessPoints about Key => access_points::list;
    DeleteApplicationAccessPoint about Named("Name") => access_points::delete;

    CreatePolicy about Named("Name") => policies::create;
    DescribePolicy about Named("Name") => policies::describe;
    UpdatePolicy about Named("Name") => policies::update;
    ListPolicies about Key => policies::list;
    DeletePolicy about Named("Name") => policies::delete;

    CreateNetworkRule about Named("Name") => network_rules::create;
    DescribeNetworkRule about Named("Name") => network_rules::describe;
    UpdateNetworkRule about Named("Name") => network_rules::update;
    ListNetworkRules about Key => network_rules::list;
    DeleteNetworkRule about Named("Name") => network_rules::delete;

    CreateAccessKey about Key => access_keys::create;
    ListAccessKeys about Key => access_keys::list;
    UpdateAccessKey about Named("UserAccessKeyId") => access_keys::update;
    DeleteAccessKey about Named("UserAccessKeyId") => access_keys::delete;
}

fn serve_request<R: Request>(
    parameters: &Parameters,
    call: &Call<'_>,
    handler: fn(&Call<'_>, R) -> Result<R::Answer>,
) -> Result<Vec<u8>> {
    let Outcome { answer, audit } = handler(call, R::read(parameters)?)?;
    Ok(Outcome { answer: json::encode(&answer)?, audit })
}

/// Enters the subject of a call into `fields` before anything can fail.
pub(super) fn note_subject(action: Action, parameters: &Parameters, fields: &mut AuditFields) {
    let value = |name| parameters.value(name).unwrap_or_default();
    // The parameter counts even if the action does not have it, because the record contains what was sent.
    fields.set_subject(Subject::Key(value("KeyId")));
    match about(action) {
        Key => {}
        Alias => {
            if let Some(alias) = AliasName::parse(value("AliasName")) {
                fields.set_named(alias.to_string());
            }
        }
        AccessPoint => {
            if let Some(access_point) = RuleName::parse(value("AapName")) {
                fields.set_named(access_point.to_string());
            }
        }
        Named(parameter) => fields.set_subject(Subject::Other(value(parameter))),
    }
}
