//! Test: the audit records of refused calls contain the key id, even if the request named the key by an alias.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use claviger_base::Timestamp;
use claviger_base::id::AliasName;
use claviger_model::{Key, KeySpec, KeyUsage};
use claviger_service::{AccessRefusal, Invalidity, KeyRef, Rights};
use claviger_wire::instance::Operation;
use claviger_wire::instance::message::{GetSecretValueRequest, SignRequest};
use prost::Message;

use super::errors::of_access;
use super::matrix::Fixture;
use crate::disconnect::disconnect_watch;
use crate::fixture::intent;
use crate::request_log::audit_fields::AuditFields;

const SOURCE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A key that does not sign, with the alias `alias/one`.
fn with_alias() -> (Fixture, Key) {
    let fixture = Fixture::new();
    let key = fixture.create((KeySpec::AliyunAes256, KeyUsage::EncryptDecrypt));
    let (name, by_id) = (AliasName::parse("alias/one").unwrap(), KeyRef::Id(key.id.clone()));
    fixture.service.create_alias(&name, &by_id, &intent()).unwrap();
    (fixture, key)
}

async fn refused(fixture: &Fixture, operation: Operation, body: &[u8], rights: &Rights) -> AuditFields {
    let ((_guard, disconnect), mut fields) = (disconnect_watch(), AuditFields::default());
    assert!(fixture.call_from(&disconnect, operation, body, rights, &mut fields).await.is_err());
    fields
}

#[tokio::test]
async fn the_record_of_a_refusal_has_the_key_id_and_the_alias() {
    let (fixture, key) = with_alias();
    let arn = format!("acs:kms:cn-local:{}:key/{}", fixture.service.instance().account, key.id);
    let no_rights = Rights::granted(Arc::new(Vec::new()), SOURCE);
    for (sent, key_id, named) in [
        ("alias/one", key.id.as_str(), Some("alias/one")),
        ("alias/two", "alias/two", None),
        (key.id.as_str(), key.id.as_str(), None),
        (arn.as_str(), key.id.as_str(), Some(arn.as_str())),
        ("no key", "no key", None),
    ] {
        for rights in [&Rights::everything(SOURCE), &no_rights] {
            let request = SignRequest { key_id: sent.to_owned(), message: vec![1], ..SignRequest::default() };
            let fields = refused(&fixture, Operation::Sign, &request.encode_to_vec(), rights).await;
            assert_eq!((fields.subject(), fields.named()), (Some(key_id), named), "{sent}");
        }
    }
}

#[tokio::test]
async fn a_secret_name_is_not_resolved_as_an_alias() {
    let (fixture, _key) = with_alias();
    let request = GetSecretValueRequest { secret_name: "alias/one".to_owned(), ..GetSecretValueRequest::default() };
    let rights = Rights::everything(SOURCE);
    let fields = refused(&fixture, Operation::GetSecretValue, &request.encode_to_vec(), &rights).await;
    assert_eq!((fields.subject(), fields.named()), (Some("alias/one"), None));
}

#[test]
fn refusals_of_callers_without_rights_share_records_that_name_verified_callers() {
    let (id, now) = ("KAAP.66abf237-63f6-4625-b8cf-47e1086e0000", Timestamp::from_unix_s(1_767_323_045));
    let cases = [
        (AccessRefusal::ClientKeyNotValid(Invalidity::Expired(now)), id.to_owned()),
        (AccessRefusal::ClientKeyNotValid(Invalidity::Revoked(now)), id.to_owned()),
        (AccessRefusal::SourceNotAdmitted, id.to_owned()),
        (AccessRefusal::ClientKeyUnknown, format!("unverified:{id}")),
        (AccessRefusal::SignatureNotMatch, format!("unverified:{id}")),
    ];
    for (refusal, principal) in cases {
        let mut fields = AuditFields::default();
        fields.claim(id);
        fields.add(*of_access(refusal, id).audit);
        assert!(fields.has_no_access(), "{principal}");
        assert_eq!(fields.principal(), Some(principal));
    }
    let fields = AuditFields::verified("Decrypt", id);
    assert!(!fields.has_no_access(), "every request of an admitted caller has a record");
}
