from services.gateway.dashboard.authoring import Authoring
from services.gateway.dashboard.backends import Backends
from services.gateway.dashboard.classes import Classes
from services.gateway.dashboard.memory import Memory
from services.gateway.dashboard.mentor import MentorScopes
from services.gateway.dashboard.place import DeskPlace
from services.gateway.dashboard.programs import Programs
from services.gateway.dashboard.quality import Quality
from services.gateway.dashboard.queue import Queue
from services.gateway.dashboard.runs import Runs
from services.gateway.dashboard.sessions import Sessions
from services.gateway.dashboard.settings import DashboardSettings
from services.gateway.dashboard.sign_in import SignIn
from services.gateway.dashboard.subjects import Subjects
from services.gateway.rate_limit import TokenBuckets
from services.gateway.seats import Seats
from services.kit.scope import ScopeMinter


class DashboardService:
    """All that a mentor's browser may ask for. Each method of its parts acts for the mentor it is given."""

    def __init__(
        self, backends: Backends, minter: ScopeMinter, settings: DashboardSettings, sessions: Sessions
    ) -> None:
        self.settings, self.place = settings, DeskPlace.told_by(settings)
        self.programs = Programs(backends.bearers)
        self.sign_in = SignIn(backends.hub, backends.users, sessions, self.place)
        self.requests = TokenBuckets(settings.requests_per_second, settings.request_burst)
        self.work = TokenBuckets(settings.runs_per_second, settings.run_burst)
        scopes = MentorScopes(minter)
        subjects = Subjects(backends.mentoring, scopes)
        seats = Seats(settings.runs_at_once, "runs of code")
        self.queue = Queue(backends, subjects, scopes)
        self.runs = Runs(backends.feedback, subjects, seats, settings)
        self.memory = Memory(backends.mentoring, scopes)
        self.classes = Classes(backends, scopes)
        self.authoring = Authoring(backends, scopes)
        self.quality = Quality(backends.evaluation, scopes)
