//! ARNs of other accounts and of no account.

use claviger_service::{ArnAccounts, Config};

use crate::fixture::{aes_key, default_service, service};

/// In earlier versions, all of these ARNs named keys here.
#[tokio::test]
async fn arns_of_other_accounts_find_keys_only_where_the_operator_says_so() {
    let friend = "2222222222222222";
    let arn_accounts = ArnAccounts::These(vec![friend.to_owned()]);
    let (closed, open) = (default_service(), service(Config { arn_accounts, ..Config::default() }));
    for (service, is_open) in [(&closed, false), (&open, true)] {
        let key = aes_key(service);
        let own = service.instance().account.clone();
        let arn = |region: &str, account: &str| format!("acs:kms:{region}:{account}:key/{}", key.id);
        for (region, account, found) in [
            ("cn-local", own.as_str(), true),
            ("cn-hangzhou", own.as_str(), true),
            ("cn-hangzhou", friend, is_open),
            ("cn-hangzhou", "3333333333333333", false),
            ("mars", own.as_str(), false),
            ("mars", "zzz", false),
            ("", "", false),
        ] {
            assert_eq!(service.key_ref(&arn(region, account)).is_ok(), found, "{region} {account} {is_open}");
            assert_eq!(service.key_ref_uncounted(&arn(region, account)).is_ok(), found, "{region} {account} {is_open}");
        }
        assert_eq!(service.foreign_arns(), u64::from(is_open));
    }
}
