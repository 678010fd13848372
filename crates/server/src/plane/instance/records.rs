//! What the records of refused calls name: the key's id also where the caller named it by an alias.

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
async fn a_refused_key_has_its_id_and_the_alias_it_was_named_by() {
    let (fixture, key) = with_alias();
    let arn = format!("acs:kms:cn-local:{}:key/{}", fixture.service.instance().account, key.id);
    let nobody = Rights::granted(Arc::new(Vec::new()), SOURCE);
    for (sent, key_id, named) in [
        ("alias/one", key.id.as_str(), Some("alias/one")),
        ("alias/two", "alias/two", None),
        (key.id.as_str(), key.id.as_str(), None),
        (arn.as_str(), key.id.as_str(), Some(arn.as_str())),
        ("no key", "no key", None),
    ] {
        for rights in [&Rights::everything(SOURCE), &nobody] {
            let request = SignRequest { key_id: sent.to_owned(), message: vec![1], ..SignRequest::default() };
            let fields = refused(&fixture, Operation::Sign, &request.encode_to_vec(), rights).await;
            assert_eq!((fields.subject(), fields.named()), (Some(key_id), named), "{sent}");
        }
    }
}

#[tokio::test]
async fn a_secret_is_not_taken_for_an_alias_of_that_name() {
    let (fixture, _key) = with_alias();
    let request = GetSecretValueRequest { secret_name: "alias/one".to_owned(), ..GetSecretValueRequest::default() };
    let rights = Rights::everything(SOURCE);
    let fields = refused(&fixture, Operation::GetSecretValue, &request.encode_to_vec(), &rights).await;
    assert_eq!((fields.subject(), fields.named()), (Some("alias/one"), None));
}

#[test]
fn who_may_do_nothing_here_shares_records_and_is_named_if_known() {
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
        assert!(fields.grants_nothing(), "{principal}");
        assert_eq!(fields.principal(), Some(principal));
    }
    let fields = AuditFields::verified("Decrypt", id);
    assert!(!fields.grants_nothing(), "an admitted caller has a record of each request");
}
