from actors.models.port import *


class S:
    async def complete(self, request, on_delta=None):
        return Reply(text="ok", stop=StopReason.END, model="scripted")

    async def close(self):
        pass


def open_model(name, settings, key):
    return S()
