"""English: what a receiver does with four probes."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

CONFORMANCE: Final[Mapping[str, str]] = MappingProxyType(
    {
        # What is expected.
        "conformance_expected_good": "A delivery that is rightly signed is accepted with 2xx.",
        "conformance_expected_duplicate": (
            "The same delivery once more, with the same webhook-id, is accepted with 2xx as well."
        ),
        "conformance_expected_forged": "A delivery that is signed with another secret is refused, best with 401.",
        "conformance_expected_stale": "A delivery whose webhook-timestamp is an hour old is refused, best with 400.",
        # Summaries.
        "conformance_conforms": (
            "The receiver conforms: it accepts what is rightly signed, also twice, and refuses what is forged or old."
        ),
        "conformance_fails": "The receiver does not conform: it {faults}.",
        "conformance_inconclusive": "Inconclusive: {kinds}.",
        "conformance_listed": "{first}, {rest}",
        "conformance_kind_good": "good",
        "conformance_kind_duplicate": "duplicate",
        "conformance_kind_forged": "forged",
        "conformance_kind_stale": "stale",
        "conformance_fault_good": "does not accept what is rightly signed",
        "conformance_fault_duplicate": "does not accept a repeat",
        "conformance_fault_forged": "accepts a forged signature",
        "conformance_fault_stale": "accepts an old timestamp",
        # Verdicts.
        "conformance_good_accepted": "It accepted a delivery that was rightly signed.",
        "conformance_good_refused": (
            "It did not accept a delivery that was rightly signed: it answered {status}. Answer 2xx to what is rightly "
            "signed."
        ),
        "conformance_good_doubted": (
            "It did not accept a delivery that was rightly signed: it answered {status}. Verify the signature over the "
            "raw bytes of the body, before any parsing, with this webhook's present secret; then answer 2xx."
        ),
        "conformance_duplicate_accepted": "It accepted a delivery that had been sent before.",
        "conformance_no_repeat": (
            "Inconclusive: it had not accepted the delivery the first time, so that this was no repeat."
        ),
        "conformance_duplicate_refused": (
            "It refused a delivery that it had received before, with {status}: answer 2xx to repeats. A delivery is "
            "sent again when its answer got lost; keep each webhook-id, and do nothing for one that you know."
        ),
        "conformance_forgery_accepted": (
            "It accepted a forged signature: whoever knows the URL can send it events. Compare webhook-signature or "
            "X-DCVaaS-Signature with the one that you compute from the secret and the raw body, in constant time, and "
            "answer 401 when they differ."
        ),
        "conformance_replay_accepted": (
            "It accepted a delivery whose timestamp was an hour old: whoever has recorded one can send it again at any "
            "time. Verify webhook-signature, which covers webhook-timestamp, and refuse what is more than five minutes "
            "old; X-DCVaaS-Signature alone covers no time."
        ),
        "conformance_forgery_refused": "It refused a forged signature, with {status}.",
        "conformance_replay_refused": "It refused a timestamp that was an hour old, with {status}.",
        "conformance_forgery_refused_oddly": (
            "It refused a forged signature, but with {status}; 401 would not be taken for a fault of the receiver."
        ),
        "conformance_replay_refused_oddly": (
            "It refused a timestamp that was an hour old, but with {status}; 401 would not be taken for a fault of the "
            "receiver."
        ),
        "conformance_forgery_unknown": "Inconclusive: whether it refuses a forged signature is not known.",
        "conformance_replay_unknown": "Inconclusive: whether it refuses a timestamp that was an hour old is not known.",
        "conformance_forgery_unproved": (
            "Inconclusive: it refused a forged signature, but it does not accept what is rightly signed either."
        ),
        "conformance_replay_unproved": (
            "Inconclusive: it refused a timestamp that was an hour old, but it does not accept what is rightly signed "
            "either."
        ),
        "conformance_silent": "It gave no answer.",
        "conformance_silent_by_our_fault": "Inconclusive: it was perhaps dcvd's own fault that there was no answer.",
        "conformance_busy": "Inconclusive: it answered {status}, which says that it is busy or out of order.",
        # What it does to bodies.
        "body_reserialized_fault": "re-serialised the body before it verified the signature",
        "body_reserialized": (
            "It re-serialised the body: it refused the signature of the body that was sent, and accepted that of what "
            "{habit} makes of it. Verify the signature over the raw bytes of the body as they came, before any "
            "parsing; frameworks keep them where you ask for it."
        ),
        "body_wrong_encoding_fault": "read the body in a wrong encoding before it verified the signature",
        "body_wrong_encoding": (
            "It read the body as ISO-8859-1, which is UTF-8: it refused the signature of the body that was sent, and "
            "accepted that of what this makes of it. Verify the signature over the raw bytes of the body as they came, "
            "before any parsing; frameworks keep them where you ask for it."
        ),
        "body_changed_fault": "changed the body before it verified the signature",
        "body_changed": (
            "It changed the body, as by writing it anew: it accepted a delivery of plain ASCII, and refused one that "
            "holds what libraries write in different ways. Verify the signature over the raw bytes of the body as they "
            "came, before any parsing; frameworks keep them where you ask for it."
        ),
        "habit_python": "json.dumps of Python",
        "habit_php": "json_encode of PHP",
        "habit_python_compact": (
            "json.dumps of Python with compact separators, or json_encode of PHP with JSON_UNESCAPED_SLASHES"
        ),
        "habit_python_unicode": "json.dumps of Python with ensure_ascii=False",
        "habit_go_map": "json.Marshal of Go with a map",
        "habit_go_struct": "json.Marshal of Go with a struct, to_json of Rails, or Gson of Java",
        "habit_php_unicode": (
            "json_encode of PHP with JSON_UNESCAPED_UNICODE, or JSON.generate of Ruby with script_safe"
        ),
        "habit_php_plain": (
            "json_encode of PHP with JSON_UNESCAPED_SLASHES and JSON_UNESCAPED_UNICODE, an encoder of Go without the "
            "escapes of HTML, or Json.NET"
        ),
        "habit_slashes": "a library that escapes slashes alone, as JSON.generate of Ruby with escape_slash",
        "habit_dotnet": "System.Text.Json of .NET",
        "habit_python_sorted": "json.dumps of Python with sort_keys=True",
        "habit_python_sorted_compact": "json.dumps of Python with sort_keys=True and compact separators",
        "habit_sorted": "a library that sorts the members",
    }
)
"""The templates by their ids."""
