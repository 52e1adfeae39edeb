"""DNS facts and Cloudflare's words → findings that say who must do what. Facts come in, nothing is asked here."""

from dcvd.core.diagnosis.authority import permitted
from dcvd.core.diagnosis.cloudflare import cloudflare_findings, findings_of
from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.diagnosis.data import findings_data
from dcvd.core.diagnosis.judgement import Verdict, judge
from dcvd.core.diagnosis.names import name_findings
from dcvd.core.diagnosis.routing import LONGEST_CHAIN
from dcvd.core.diagnosis.wanted import Wanted

__all__ = [
    "LONGEST_CHAIN",
    "FindingCode",
    "Verdict",
    "Wanted",
    "cloudflare_findings",
    "findings_data",
    "findings_of",
    "judge",
    "name_findings",
    "permitted",
]
