"""What this application added so that an employee sits in one place at a time."""
import json
import urllib.request as http
from os import environ

from django.contrib.auth import user_logged_in, user_logged_out
from django.http import HttpResponse, JsonResponse
from django.utils.deprecation import MiddlewareMixin


def ask(method, path, token, body=None):
    headers = {"Authorization": "Bearer " + token, "Content-Type": "application/json"}
    request = http.Request(environ["SEAT_URL"] + path, body and json.dumps(body).encode(), headers, method=method)
    return json.loads(http.urlopen(request, timeout=5).read() or "{}")


# A login here takes the seat, and fails when it cannot; a logout leaves it.
def sit(request, user, **_):
    who = {"employee_id": user.username, "user_agent": request.headers.get("User-Agent", "unknown")}
    request.session.update({"seat": ask("POST", "/v1/sessions", environ["SEAT_KEY"], who), "hub": environ["SEAT_URL"]})


user_logged_in.connect(sit)
user_logged_out.connect(lambda request, **_: "seat" in request.session and ask("DELETE", "/v1/session", request.session["seat"]["access_token"]), weak=False)


class Seat(MiddlewareMixin):
    def process_request(self, request):
        try:
            if "seat" in request.session:
                ask("GET", "/v1/authz", request.session["seat"]["access_token"])
        except http.URLError as refused:
            if getattr(refused, "code", 503) != 401:
                return HttpResponse("Try again in a moment.", status=503)  # not knowing is no logout
            request.session.flush()
        if request.path == "/seat/ticket/":  # for the page: its tokens stay here
            return JsonResponse(ask("POST", "/v1/ws-ticket", request.session["seat"]["access_token"]) if "seat" in request.session else {"ticket": None})
