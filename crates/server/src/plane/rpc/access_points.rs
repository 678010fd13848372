//! The actions on application access points (rpc-api 13.1).

use claviger_model::AccessPoint;
use claviger_wire::rpc::access_points::{
    AccessPointAnswer, AccessPointEntry, AccessPoints, CLIENT_KEY, CreateApplicationAccessPoint,
    DeleteApplicationAccessPoint, DescribeApplicationAccessPoint, ListAccessPointsAnswer, ListApplicationAccessPoints,
    UpdateApplicationAccessPoint,
};
use claviger_wire::rpc::json::{Acknowledged, list_as_text};

use super::call::{Call, page_request, total};
use super::errors::Result;

pub(super) fn create(call: &Call<'_>, request: CreateApplicationAccessPoint) -> Result<AccessPointAnswer> {
    let CreateApplicationAccessPoint { name, policies, description } = request;
    let point = call.service.create_access_point(AccessPoint { name, policies, description }, &call.intent)?;
    answer_about(call, &point)
}

pub(super) fn describe(call: &Call<'_>, request: DescribeApplicationAccessPoint) -> Result<AccessPointAnswer> {
    let point = call.service.describe_access_point(&request.name)?;
    answer_about(call, &point)
}

pub(super) fn update(call: &Call<'_>, request: UpdateApplicationAccessPoint) -> Result<Acknowledged> {
    let UpdateApplicationAccessPoint { name, policies, description } = request;
    let edit = |point: &mut AccessPoint| {
        point.policies = policies.clone().unwrap_or_else(|| point.policies.clone());
        point.description = description.clone().unwrap_or_else(|| point.description.clone());
    };
    call.service.update_access_point(&name, edit, &call.intent)?;
    Ok(call.acknowledged().into())
}

pub(super) fn list(call: &Call<'_>, request: ListApplicationAccessPoints) -> Result<ListAccessPointsAnswer> {
    let listing = call.service.list_access_points(page_request(request.page))?;
    let entry = |point: &AccessPoint| AccessPointEntry {
        name: point.name.to_string(),
        authentication_method: CLIENT_KEY.to_owned(),
    };
    let answer = ListAccessPointsAnswer {
        request_id: call.request_id.clone(),
        application_access_points: AccessPoints {
            application_access_point: listing.records.iter().map(entry).collect(),
        },
        page_number: request.page.number,
        page_size: request.page.size,
        total_count: total(listing.total),
    };
    Ok(answer.into())
}

pub(super) fn delete(call: &Call<'_>, request: DeleteApplicationAccessPoint) -> Result<Acknowledged> {
    call.service.delete_access_point(&request.name, &call.intent)?;
    Ok(call.acknowledged().into())
}

fn answer_about(call: &Call<'_>, point: &AccessPoint) -> Result<AccessPointAnswer> {
    let names: Vec<String> = point.policies.iter().map(ToString::to_string).collect();
    let answer = AccessPointAnswer {
        request_id: call.request_id.clone(),
        arn: call.arn("applicationaccesspoint/", point.name.as_str()),
        name: point.name.to_string(),
        authentication_method: CLIENT_KEY.to_owned(),
        policies: list_as_text(&names)?,
        description: point.description.clone(),
    };
    Ok(answer.into())
}
