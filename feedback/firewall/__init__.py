"""The reference firewall: nothing that a learner reads may give a case's reference away. No input, no output."""

from feedback.firewall.canary import canary_for
from feedback.firewall.firewall import Firewall
from feedback.firewall.gate import SentenceGate
from feedback.firewall.leak import Leak, Leaked
from feedback.firewall.own import NOBODY, Own

__all__ = ["NOBODY", "Firewall", "Leak", "Leaked", "Own", "SentenceGate", "canary_for"]
