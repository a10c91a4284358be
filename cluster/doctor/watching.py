"""Does somebody scrape the metrics of this home's fleet?"""

from collections.abc import Callable, Iterator

from cluster.doctor.finding import Finding, ok, warning
from cluster.fleets.windows import Window


def prometheus(*, served: bool, look: Callable[[], Window]) -> Iterator[Finding]:
    """`served`: whether there is a page whose metrics could be scraped."""
    if not served:
        yield ok("prometheus", "not looked for: no fleet is up that it could scrape")
        return
    window = look()
    if window.url:
        yield ok("prometheus", f"answers at {window.url}")
    else:
        cure = "start it with the prometheus.yml in the home's prometheus/, or name another in RAY_PROMETHEUS_HOST"
        yield warning("prometheus", f"does not answer at {window.looked_for}: nobody is told of alerts", cure)
