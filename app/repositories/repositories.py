"""Every repository of a transaction: the list of what can be asked of the database."""

from functools import cached_property

from app.repositories.access.api_keys import ApiKeyRepository
from app.repositories.access.idempotency import IdempotencyRepository
from app.repositories.access.teams import TeamRepository
from app.repositories.access.users import UserRepository
from app.repositories.access.workspaces import WorkspaceDirectory, WorkspaceSettingsRepository
from app.repositories.intake.confirmations import ConfirmationRepository
from app.repositories.intake.connectors import ConnectorRepository
from app.repositories.intake.conservation import ConservationRepository
from app.repositories.intake.forms import FormRepository
from app.repositories.intake.imports import ImportRepository
from app.repositories.intake.submissions import SubmissionRepository
from app.repositories.intake.visitors import VisitorRepository
from app.repositories.leads.custom_fields import CustomFieldRepository
from app.repositories.leads.data_quality import DataQualityRepository
from app.repositories.leads.dismissals import DismissalRepository
from app.repositories.leads.duplicates import DuplicateRepository
from app.repositories.leads.enrichment import EnrichmentProviderRepository
from app.repositories.leads.enrichment_proposals import (
    EnrichmentProgressRepository,
    ProposalRepository,
)
from app.repositories.leads.exports import ExportRepository
from app.repositories.leads.field_history import FieldHistoryRepository
from app.repositories.leads.identities import IdentityRepository
from app.repositories.leads.lead_search import LeadSearchRepository
from app.repositories.leads.leads import LeadRepository
from app.repositories.leads.matching import MatchingRepository
from app.repositories.leads.merges import MergeRepository
from app.repositories.reach.events import EventRepository
from app.repositories.reach.job_queue import JobQueue
from app.repositories.reach.jobs import JobRepository
from app.repositories.record.campaigns import CampaignRepository
from app.repositories.record.timeline import TimelineRepository
from app.repositories.record.touchpoints import TouchpointRepository
from app.repositories.ripeness.assessments import AssessmentRepository
from app.repositories.ripeness.backtests import BacktestRepository
from app.repositories.ripeness.frameworks import FrameworkRepository
from app.repositories.ripeness.gates import GateRepository
from app.repositories.ripeness.lead_scores import LeadScoreRepository
from app.repositories.ripeness.lead_search import ConditionSearchRepository
from app.repositories.ripeness.lead_snapshots import LeadSnapshotRepository
from app.repositories.ripeness.predictions import (
    PredictionModelRepository,
    PredictionRepository,
)
from app.repositories.ripeness.score_recompute import ScoreRecomputeRepository
from app.repositories.ripeness.scoring_models import ScoringModelRepository
from app.repositories.ripeness.segment_crossings import SegmentCrossingRepository
from app.repositories.ripeness.segment_members import SegmentMemberRepository
from app.repositories.ripeness.segments import SegmentProgressRepository, SegmentRepository
from app.repositories.sales.accounts import AccountRepository
from app.repositories.sales.contacts import ContactRepository
from app.repositories.sales.conversion import ConversionRepository
from app.repositories.sales.opportunities import OpportunityRepository
from app.repositories.sales.pipelines import PipelineRepository
from app.repositories.transaction import Transaction


class Repositories:
    """Each is made when it is first asked for."""

    _transaction: Transaction

    @cached_property
    def workspace_settings(self) -> WorkspaceSettingsRepository:
        return WorkspaceSettingsRepository(self._transaction)

    @cached_property
    def workspaces(self) -> WorkspaceDirectory:
        return WorkspaceDirectory(self._transaction)

    @cached_property
    def users(self) -> UserRepository:
        return UserRepository(self._transaction)

    @cached_property
    def teams(self) -> TeamRepository:
        return TeamRepository(self._transaction)

    @cached_property
    def api_keys(self) -> ApiKeyRepository:
        return ApiKeyRepository(self._transaction)

    @cached_property
    def idempotency(self) -> IdempotencyRepository:
        return IdempotencyRepository(self._transaction)

    @cached_property
    def leads(self) -> LeadRepository:
        return LeadRepository(self._transaction)

    @cached_property
    def identities(self) -> IdentityRepository:
        return IdentityRepository(self._transaction)

    @cached_property
    def lead_search(self) -> LeadSearchRepository:
        return LeadSearchRepository(self._transaction)

    @cached_property
    def data_quality(self) -> DataQualityRepository:
        return DataQualityRepository(self._transaction)

    @cached_property
    def enrichment_providers(self) -> EnrichmentProviderRepository:
        return EnrichmentProviderRepository(self._transaction)

    @cached_property
    def enrichment_proposals(self) -> ProposalRepository:
        return ProposalRepository(self._transaction)

    @cached_property
    def enrichment_progress(self) -> EnrichmentProgressRepository:
        return EnrichmentProgressRepository(self._transaction)

    @cached_property
    def field_history(self) -> FieldHistoryRepository:
        return FieldHistoryRepository(self._transaction)

    @cached_property
    def matching(self) -> MatchingRepository:
        return MatchingRepository(self._transaction)

    @cached_property
    def duplicates(self) -> DuplicateRepository:
        return DuplicateRepository(self._transaction)

    @cached_property
    def dismissals(self) -> DismissalRepository:
        return DismissalRepository(self._transaction)

    @cached_property
    def merges(self) -> MergeRepository:
        return MergeRepository(self._transaction)

    @cached_property
    def custom_fields(self) -> CustomFieldRepository:
        return CustomFieldRepository(self._transaction)

    @cached_property
    def exports(self) -> ExportRepository:
        return ExportRepository(self._transaction)

    @cached_property
    def forms(self) -> FormRepository:
        return FormRepository(self._transaction)

    @cached_property
    def connectors(self) -> ConnectorRepository:
        return ConnectorRepository(self._transaction)

    @cached_property
    def submissions(self) -> SubmissionRepository:
        return SubmissionRepository(self._transaction)

    @cached_property
    def imports(self) -> ImportRepository:
        return ImportRepository(self._transaction)

    @cached_property
    def visitors(self) -> VisitorRepository:
        return VisitorRepository(self._transaction)

    @cached_property
    def conservation(self) -> ConservationRepository:
        return ConservationRepository(self._transaction)

    @cached_property
    def campaigns(self) -> CampaignRepository:
        return CampaignRepository(self._transaction)

    @cached_property
    def touchpoints(self) -> TouchpointRepository:
        return TouchpointRepository(self._transaction)

    @cached_property
    def timeline(self) -> TimelineRepository:
        return TimelineRepository(self._transaction)

    @cached_property
    def assessments(self) -> AssessmentRepository:
        return AssessmentRepository(self._transaction)

    @cached_property
    def frameworks(self) -> FrameworkRepository:
        return FrameworkRepository(self._transaction)

    @cached_property
    def gates(self) -> GateRepository:
        return GateRepository(self._transaction)

    @cached_property
    def condition_search(self) -> ConditionSearchRepository:
        return ConditionSearchRepository(self._transaction)

    @cached_property
    def lead_snapshots(self) -> LeadSnapshotRepository:
        return LeadSnapshotRepository(self._transaction)

    @cached_property
    def backtests(self) -> BacktestRepository:
        return BacktestRepository(self._transaction)

    @cached_property
    def segments(self) -> SegmentRepository:
        return SegmentRepository(self._transaction)

    @cached_property
    def segment_members(self) -> SegmentMemberRepository:
        return SegmentMemberRepository(self._transaction)

    @cached_property
    def segment_crossings(self) -> SegmentCrossingRepository:
        return SegmentCrossingRepository(self._transaction)

    @cached_property
    def segment_progress(self) -> SegmentProgressRepository:
        return SegmentProgressRepository(self._transaction)

    @cached_property
    def scoring_models(self) -> ScoringModelRepository:
        return ScoringModelRepository(self._transaction)

    @cached_property
    def lead_scores(self) -> LeadScoreRepository:
        return LeadScoreRepository(self._transaction)

    @cached_property
    def score_recompute(self) -> ScoreRecomputeRepository:
        return ScoreRecomputeRepository(self._transaction)

    @cached_property
    def predictions(self) -> PredictionRepository:
        return PredictionRepository(self._transaction)

    @cached_property
    def prediction_models(self) -> PredictionModelRepository:
        return PredictionModelRepository(self._transaction)

    @cached_property
    def pipelines(self) -> PipelineRepository:
        return PipelineRepository(self._transaction)

    @cached_property
    def accounts(self) -> AccountRepository:
        return AccountRepository(self._transaction)

    @cached_property
    def contacts(self) -> ContactRepository:
        return ContactRepository(self._transaction)

    @cached_property
    def opportunities(self) -> OpportunityRepository:
        return OpportunityRepository(self._transaction)

    @cached_property
    def conversions(self) -> ConversionRepository:
        return ConversionRepository(self._transaction)

    @cached_property
    def events(self) -> EventRepository:
        return EventRepository(self._transaction)

    @cached_property
    def confirmations(self) -> ConfirmationRepository:
        return ConfirmationRepository(self._transaction)

    @cached_property
    def jobs(self) -> JobRepository:
        return JobRepository(self._transaction)

    @cached_property
    def job_queue(self) -> JobQueue:
        return JobQueue(self._transaction)
