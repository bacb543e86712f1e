import sys

import django
from django.conf import settings

settings.configure(
    DEBUG=False,
    SECRET_KEY='a secret of the tests',
    ALLOWED_HOSTS=['*'],
    ROOT_URLCONF=__name__,
    DATABASES={'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': 'db.sqlite3'}},
    DEFAULT_AUTO_FIELD='django.db.models.BigAutoField',
    INSTALLED_APPS=[
        'django.contrib.auth',
        'django.contrib.contenttypes',
        'django.contrib.sessions',
        'django.contrib.messages',
        'allauth',
        'allauth.account',
    ],
    MIDDLEWARE=[
        'django.contrib.sessions.middleware.SessionMiddleware',
        'django.middleware.common.CommonMiddleware',
        'django.middleware.csrf.CsrfViewMiddleware',
        'django.contrib.auth.middleware.AuthenticationMiddleware',
        'django.contrib.messages.middleware.MessageMiddleware',
        'allauth.account.middleware.AccountMiddleware',
    ],
    TEMPLATES=[
        {
            'BACKEND': 'django.template.backends.django.DjangoTemplates',
            'APP_DIRS': True,
            'OPTIONS': {
                'context_processors': [
                    'django.template.context_processors.request',
                    'django.contrib.auth.context_processors.auth',
                    'django.contrib.messages.context_processors.messages',
                ]
            },
        }
    ],
    AUTHENTICATION_BACKENDS=['allauth.account.auth_backends.AuthenticationBackend'],
    ACCOUNT_EMAIL_VERIFICATION='none',
    ACCOUNT_SIGNUP_FIELDS=['username*', 'password1*'],
    ACCOUNT_RATE_LIMITS=False,
    LOGIN_URL='account_login',
    LOGIN_REDIRECT_URL='front',
    ACCOUNT_LOGOUT_REDIRECT_URL='front',
)
django.setup()

from django.contrib.auth.decorators import login_required  # noqa: E402
from django.core.management import execute_from_command_line  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import HttpResponse  # noqa: E402
from django.urls import include, path  # noqa: E402


def front(request):
    return HttpResponse('user: %s' % (request.user.get_username() or 'nobody'))


@login_required
def own(request):
    return HttpResponse('of %s' % request.user.get_username())


urlpatterns = [path('', front, name='front'), path('own', own), path('accounts/', include('allauth.urls'))]
app = get_wsgi_application()

if __name__ == '__main__':
    execute_from_command_line(sys.argv)
