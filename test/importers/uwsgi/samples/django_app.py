import django
from django.conf import settings

settings.configure(DEBUG=False, SECRET_KEY='test', ALLOWED_HOSTS=['*'], ROOT_URLCONF=__name__, MIDDLEWARE=[
    'django.middleware.common.CommonMiddleware'])
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse  # noqa: E402
from django.urls import path  # noqa: E402


def hello(request):
    return HttpResponse('Hello from Django\n')


def form(request):
    return JsonResponse({'form': request.POST.dict(), 'files': {k: f.size for k, f in request.FILES.items()}})


def where(request, rest):
    return JsonResponse({'rest': rest, 'url': request.build_absolute_uri(), 'root': request.META['SCRIPT_NAME']})


def stream(request):
    return StreamingHttpResponse((b'%d\n' % number for number in range(5)), content_type='text/plain')


urlpatterns = [path('', hello), path('form', form), path('path/<path:rest>', where), path('stream', stream)]
application = get_wsgi_application()
