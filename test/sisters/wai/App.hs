{-# LANGUAGE OverloadedStrings #-}
-- A WAI app without a framework, and warp on a Unix socket: what the checks of test/sisters/checks.ts ask for.
module Main (main) where

import Control.Concurrent (threadDelay)
import Control.Exception (throwIO)
import Control.Monad (forM_, when)
import qualified Data.ByteString.Builder as B
import qualified Data.ByteString.Char8 as C
import qualified Data.ByteString.Lazy as L
import Data.Maybe (fromMaybe)
import Network.HTTP.Types
import Network.Socket
import Network.Wai
import Network.Wai.Handler.Warp
import System.Environment (getArgs)

-- WAI has no SCRIPT_NAME: what Sidegate says in X-Forwarded-Prefix is for the app to put in front of its links.
prefix :: Request -> C.ByteString
prefix = fromMaybe "" . lookup "X-Forwarded-Prefix" . requestHeaders

text :: Status -> L.ByteString -> Response
text status = responseLBS status [("Content-Type", "text/plain; charset=utf-8")]

app :: Application
app request respond = case pathInfo request of
  "where" : _ -> respond (text ok200 (L.fromStrict (C.intercalate "|" [prefix request, path, query])))
  ["echo"] -> strictRequestBody request >>= respond . text ok200
  ["go"] -> respond (responseLBS found302 [("Location", prefix request <> "/where/there")] "")
  ["cookies"] -> respond (responseLBS ok200 [("Set-Cookie", "a=1; Path=/"), ("Set-Cookie", "b=1; Path=/")] "")
  ["stream"] -> respond (responseStream ok200 [("Content-Type", "text/plain"), ("X-Accel-Buffering", "no")] stream)
  ["broken"] -> throwIO (userError ("broken on purpose: " <> C.unpack query))
  _ -> respond (text notFound404 "nothing is here")
  where
    path = urlDecode False (rawPathInfo request)
    query = C.drop 1 (rawQueryString request)
    stream write flush = forM_ [0 .. 2 :: Int] $ \number -> do
      when (number > 0) (threadDelay 500000)
      write (B.intDec number <> "\n") >> flush

main :: IO ()
main = do
  [path] <- getArgs
  listener <- socket AF_UNIX Stream defaultProtocol
  bind listener (SockAddrUnix path)
  listen listener 1024
  runSettingsSocket defaultSettings listener app
