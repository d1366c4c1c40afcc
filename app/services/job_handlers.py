"""Who does which job: one line a kind."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from app.adapters.enrichment.offline import OfflineEnrichment
from app.adapters.enrichment.providers import JsonOverHttp
from app.adapters.http_client import HttpClient
from app.adapters.mail import Mailer
from app.adapters.vendor_apis import LeadApi
from app.platform.config import Settings
from app.platform.db import Database
from app.platform.secrets import Secrets
from app.services.intake import double_opt_in, vendor_fetch
from app.services.intake.import_jobs import import_handlers
from app.services.leads.duplicate_scan import scanning
from app.services.leads.duplicates import SCAN_DUPLICATES
from app.services.leads.enrichment_jobs import enriching
from app.services.leads.enrichment_offline import ENRICH_LEAD
from app.services.leads.matching import ESTIMATE_WEIGHTS
from app.services.leads.matching_estimates import estimating
from app.services.reach.job_runner import Handler, JobRunner
from app.services.ripeness.backtest_runs import backtesting
from app.services.ripeness.backtests import BACKTEST_MODEL
from app.services.ripeness.prediction_keeping import FORETELL_LEADS, foretelling
from app.services.ripeness.prediction_training import TRAIN_PREDICTION, training
from app.services.ripeness.scoring_publishing import scoring_handlers
from app.services.ripeness.segment_keeping import REFRESH_SEGMENT
from app.services.ripeness.segment_refresh import refreshing


def job_handlers(
    settings: Settings, secrets: Secrets, http: HttpClient, mailer: Mailer
) -> Mapping[str, Handler]:
    """The handler of each kind, with what it needs of the outside world."""
    return {
        double_opt_in.SEND_CONFIRMATION: double_opt_in.sending(mailer, secrets, settings.base_url),
        SCAN_DUPLICATES: scanning(),
        ESTIMATE_WEIGHTS: estimating(),
        TRAIN_PREDICTION: training(),
        FORETELL_LEADS: foretelling(),
        BACKTEST_MODEL: backtesting(),
        REFRESH_SEGMENT: refreshing(),
        ENRICH_LEAD: enriching(JsonOverHttp(http), OfflineEnrichment(settings.geoip_path), secrets),
        vendor_fetch.FETCH_VENDOR_LEAD: vendor_fetch.fetching(LeadApi(http), secrets),
    }


@asynccontextmanager
async def open_jobs(
    settings: Settings, database: Database, secrets: Secrets
) -> AsyncIterator[JobRunner]:
    """What works off the jobs of this process, and its way to the outside world."""
    smtp_url = settings.smtp_url.get_secret_value() if settings.smtp_url else None
    mailer = Mailer(smtp_url, settings.mail_from)
    http = HttpClient(settings.egress_allow_private)
    try:
        handlers = {
            **job_handlers(settings, secrets, http, mailer),
            **import_handlers(database),
            **scoring_handlers(database),
        }
        yield JobRunner(database, handlers, concurrency=settings.job_concurrency)
    finally:
        await http.aclose()
