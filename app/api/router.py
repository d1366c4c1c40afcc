"""The table of contents: one line a feature."""

from fastapi import FastAPI

from app.api.routes.access import api_keys, teams, users, workspaces
from app.api.routes.intake import (
    attachments,
    challenges,
    connectors,
    double_opt_in,
    form_posts,
    forms,
    hosted_forms,
    imports,
    submissions,
    visitors,
)
from app.api.routes.leads import (
    custom_fields,
    data_quality,
    duplicates,
    enrichment,
    enrichment_providers,
    exports,
    identities,
    leads,
    matching,
    merges,
    provenance,
)
from app.api.routes.reach import events, jobs
from app.api.routes.record import campaigns, timeline, touchpoints
from app.api.routes.ripeness import (
    assessments,
    backtests,
    frameworks,
    gates,
    lead_search,
    prediction,
    qualification,
    scoring,
    scoring_models,
    segment_members,
    segments,
)
from app.api.routes.sales import accounts, contacts, conversion, opportunities, pipelines

# The busiest first: they are matched in this order.
ROUTERS = (
    submissions.doors,
    visitors.doors,
    form_posts.router,
    connectors.doors,
    # Its `/v1/leads/match` comes before `/v1/leads/{lead_id}`, which it looks like.
    matching.router,
    lead_search.router,
    leads.router,
    identities.router,
    duplicates.router,
    provenance.router,
    data_quality.router,
    enrichment.router,
    enrichment_providers.router,
    merges.router,
    touchpoints.router,
    timeline.router,
    submissions.router,
    visitors.router,
    attachments.router,
    imports.uploads,
    imports.router,
    forms.router,
    connectors.router,
    challenges.router,
    hosted_forms.router,
    double_opt_in.router,
    workspaces.router,
    users.router,
    teams.router,
    api_keys.router,
    custom_fields.router,
    exports.router,
    campaigns.router,
    assessments.router,
    qualification.router,
    prediction.router,
    frameworks.router,
    gates.router,
    backtests.router,
    scoring_models.router,
    scoring.router,
    segments.router,
    segment_members.router,
    conversion.router,
    accounts.router,
    contacts.router,
    opportunities.router,
    pipelines.router,
    events.router,
    jobs.router,
)


def include_all(app: FastAPI) -> None:
    """Put every route beside the app's own: each knows its full path, and a request is matched
    against one list. `include_router` would keep a tree, and walk it for every request."""
    for router in ROUTERS:
        app.router.routes += router.routes
