"""A workspace whose agents ask a stand-in model, and what that model says to each kind of request."""
import json

from model_server import behaviour


def use_model(workspace, url):
    """ai.yaml with one provider for both logical models."""
    route = {"routes": [{"provider": "p", "model": "m", "max_output": 2000}]}
    (workspace / "ai.yaml").write_text(json.dumps({
        "version": 1, "providers": {"p": {"type": "openai", "url": url + "/v1", "key_env": "PROVIDER_KEY"}},
        "models": {"query": route, "summary": route}, "prices": "prices.yaml"}))
    (workspace / "prices.yaml").write_text(json.dumps({
        "version": 1, "currency": "EUR", "prices": [{"model": "m", "from": "2020-01-01", "input": 1.0, "output": 2.0}]}))


def kind_of(request):
    text = json.dumps(request["body"])
    return "plan" if "You split questions" in text else "propose" if "You read questions" in text else "narrate"


def replies(**by_kind):
    """A model that gives each kind of request its own reply."""
    return lambda request: behaviour(json.dumps(by_kind.get(kind_of(request), {"words": [], "query": {}})))
