"""English: what receivers answered, and what stands before them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

ANSWERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        # What was answered.
        "answer": "{host} answered {status}",
        "answer_without_status": "{host} answered without a status",
        "answer_broken": "{answer} ({fault})",
        "answer_asked_to_wait": "{answer}, and asked us to wait {seconds} s",
        "answer_delivered": "It was delivered: {answer} in {took} ms.",
        "answer_delivered_and_known": "It was delivered: {answer} in {took} ms, but {meaning}.",
        "answer_delivered_to_page": (
            "It was delivered: {answer} in {took} ms, but with {page}: it may not have come further."
        ),
        "answer_plain": "{answer}.",
        "answer_known": "{answer}: {meaning}.",
        "answer_quoted": "{answer}: “{text}”",
        "answer_quoted_at_end": "{answer}: “{text}”.",
        "answer_with_page": "{answer}, with {page}.",
        "answer_with_challenge": (
            "{answer}, with a challenge of {product} for browsers: it did not come as far as your application."
        ),
        "answer_clock_ahead": "{said} Your clock and ours differ by {difference}: yours is ahead.",
        "answer_clock_behind": "{said} Your clock and ours differ by {difference}: yours is behind.",
        "clock_days": "{count} days",
        "clock_hours": "{count} h",
        "clock_minutes": "{count} min",
        # What stands before the receiver.
        "answer_page_of_protection": "a page of {product}, which protects it from bots and attacks",
        "answer_page_of_server": "a page of the web server {product} itself, not of your application",
        "answer_page_of_login": "a page to log in on",
        "answer_page_unknown": "an HTML page, probably of a firewall or a login before your application",
        "answer_product_aws": "AWS WAF or CloudFront",
        "answer_product_azure": "Azure's web application firewall",
        "answer_product_bot_check": "the host's bot check (aes.js)",
        "answer_fix_protection": (
            "Let POSTs to {path} with the User-Agent dcvd/… through: a rule of {product} that skips its checks for "
            "them, since they are signed."
        ),
        "answer_fix_server": (
            "Let POSTs to {path} with the User-Agent dcvd/… through to your application in the configuration of "
            "{product}."
        ),
        "answer_fix_login": (
            "Let POSTs to {path} with the User-Agent dcvd/… in without a login; the signature authenticates them."
        ),
        "answer_fix_page": (
            "Let POSTs to {path} with the User-Agent dcvd/… through, in whatever stands before your application; the "
            "signature authenticates them."
        ),
        # Redirects.
        "answer_redirect": "{answer}, a redirect to {location}; redirects are not followed.",
        "answer_redirect_nowhere": "{answer}, a redirect to nowhere.",
        "answer_redirect_odd": "{answer}, a redirect to {location}, which is no web address.",
        "answer_fix_redirect": "Answer 2xx yourself at this URL, without a redirect.",
        "answer_fix_redirect_to_itself": (
            "Answer 2xx at once: it redirects to itself, as servers do that want a cookie or a language."
        ),
        "answer_fix_redirect_to_login": "Let POSTs to {path} in without a login; the signature authenticates them.",
        "answer_fix_redirect_to_http": (
            "Answer 2xx yourself at the https URL: this redirect leads to plain http, where anybody can read along."
        ),
        "answer_fix_redirect_of_form": (
            "Answer 2xx in place of this redirect, with which forms answer once they have been handled."
        ),
        "answer_fix_final_url": "Put the final URL into the webhook: {url}.",
        "answer_fix_final_url_elsewhere": (
            "Put the final URL into the webhook: {url} (it is on another host: make sure that it is yours)."
        ),
        "answer_fix_final_url_www": "Put the final URL into the webhook: {url} (the host differs by www).",
        "answer_fix_final_url_https": "Put the final URL into the webhook: {url} (it begins with https).",
        "answer_fix_final_url_slash": "Put the final URL into the webhook: {url} (only the slash at the end differs).",
        # What to do about an answer.
        "answer_fix_body": (
            "The status counts, so nothing is sent again; end each body where its Content-Length or its chunks end it, "
            "so that the connection can be kept."
        ),
        "answer_fix_clock": (
            "Set the receiver's clock by NTP: a check of the signature's timestamp refuses what is minutes off. If it "
            "is right, tell your operator that the clock of dcvd's machine is wrong."
        ),
        "answer_fix_nginx_without_certificate": (
            "Give the webhook a client certificate (clientCertificate) that your nginx accepts, or let it ask for none "
            "at this URL (ssl_verify_client)."
        ),
        "answer_fix_nginx_certificate": (
            "Your nginx refuses the client certificate: check that it has not expired, and that ssl_client_certificate "
            "holds the authority that issued it."
        ),
        "answer_fix_any": "Answer 2xx: only that counts as received.",
        "answer_fix_refusal": (
            "Look in the receiver's log at {moment} for why it refused this, and answer 2xx to what you accept."
        ),
        "answer_fix_failure": (
            "Look in the receiver's log at {moment} for what failed there, and answer 2xx before you handle it."
        ),
        "answer_fix_gone": (
            "This says that nothing more is wanted; if it was not meant, answer 2xx and enable the webhook again."
        ),
        "answer_fix_signature": (
            "Your own check refused it: verify the signature (X-DCVaaS-Signature or webhook-signature) over the raw "
            "bytes of the body, before any parsing, and with the present secret."
        ),
        "answer_fix_access": (
            "Your own authentication refused it: let this path in without one, since the signature authenticates us, "
            "or give the webhook the header that it wants as a custom header."
        ),
        "answer_fix_access_by_scheme": (
            "Your own authentication refused it (it asks for {scheme}): let this path in without one, since the "
            "signature authenticates us, or give the webhook the header that it wants as a custom header."
        ),
        "answer_fix_path": "Check the path of the URL, and that your application serves it on this host.",
        "answer_fix_method": "Accept the method POST at exactly this URL.",
        "answer_fix_406": (
            "Accept requests with `Accept: */*`; where your application does, a filter before it refused this one."
        ),
        "answer_fix_408": (
            "Let what stands before your application wait for the request's body; the whole request was sent at once."
        ),
        "answer_fix_409": "Where you know the webhook-id already, answer 2xx: a delivery is repeated until then.",
        "answer_fix_411": (
            "Accept requests with a Content-Length, which each delivery carries, in whatever stands before the "
            "receiver."
        ),
        "answer_fix_413": "Raise the limit of the request's size there; a delivery has a few KiB.",
        "answer_fix_415": "Accept the content type application/json.",
        "answer_fix_csrf": (
            "Exempt this path from the CSRF check, which is for forms in browsers; the signature authenticates "
            "deliveries."
        ),
        "answer_fix_421": "Let the server, and what stands before it, know this host name.",
        "answer_fix_425": (
            "Let the server accept the request: it comes after the handshake, never as early data of TLS."
        ),
        "answer_fix_426": "Accept HTTP/1.1, over TLS where you require it.",
        "answer_fix_429": "Set maxPerSecond on the webhook to what the receiver can take.",
        "answer_fix_431": "Accept longer headers, or give the webhook fewer custom ones.",
        "answer_fix_application": (
            "Check that your application runs and is healthy: a proxy before it has nobody to pass the delivery on to."
        ),
        "answer_fix_504": "Answer first and work later: a proxy before your application waited for it in vain.",
        "answer_fix_509": "Raise the limit of traffic or of requests at your host, which it says is reached.",
        "answer_fix_520": (
            "Look at the origin server behind Cloudflare: it gave an answer that Cloudflare does not understand."
        ),
        "answer_fix_521": "Start the origin server behind Cloudflare: it refuses Cloudflare's connections.",
        "answer_fix_522": "Let Cloudflare reach the origin server: its packets are dropped.",
        "answer_fix_523": "Correct the origin's address at Cloudflare, which cannot reach it.",
        "answer_fix_524": "Answer first and work later: Cloudflare waited for the origin server in vain.",
        "answer_fix_525": "Mend TLS on the origin server: Cloudflare's handshake with it fails.",
        "answer_fix_526": "Renew the origin server's certificate: Cloudflare does not trust it.",
        "answer_fix_530": "Correct the origin's name at Cloudflare, or start its tunnel.",
    }
)
"""The templates by their ids."""
